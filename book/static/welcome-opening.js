// The first picture of the welcome page: twelve points, and a curve that pays for bending, or not. `img/opening.py` draws
// its best position for where no script runs; a test compares the two.
"use strict";

const opening = (() => {
  const POWERS = 11, POSITIONS = 100, NEAR = 12;
  const every = (count, make) => Array.from({ length: count }, (_, place) => make(place));
  const wave = x => 0.9 * Math.sin(3 * x);
  const noise = [50, -38, 20, -5, 14, -30, 10, -22, 12, -12, 30, -10];
  const seen = every(12, i => [2 * i / 11 - 1, wave(2 * i / 11 - 1) + noise[i] / 100]);
  const unseen = every(40, i => (i + 0.5) / 20 - 1).map((x, i) => [x, wave(x) + 0.26 * Math.sin(7.3 * i + i * i)]);
  const powers = x => {
    const values = [1, x];
    while (values.length <= POWERS) values.push(2 * x * values.at(-1) - values.at(-2));  // Chebyshev's
    return values;
  };

  /** The curve of degree 11 that fits what it sees at a price of bending: Gauss and Jordan solve for its weights. */
  function curve(position) {
    const price = position ? 10 ** (0.08 * position - 4.2) / 60 : 0, size = POWERS + 1;
    const points = seen.map(([x, y]) => [...powers(x), y]);
    const system = every(size, i => every(size + 1, j => points.reduce((sum, row) => sum + row[i] * row[j], 0)));
    system.forEach((row, i) => (row[i] += price * i ** 4));
    for (let i = 0; i < size; i++) {
      for (let row = 0; row < size; row++) {
        if (row === i) continue;
        const share = system[row][i] / system[i][i];
        for (let j = i; j <= size; j++) system[row][j] -= share * system[i][j];
      }
    }
    const weights = system.map((row, i) => row[size] / row[i]);
    return x => powers(x).reduce((sum, power, i) => sum + power * weights[i], 0);
  }

  const error = (f, points) => points.reduce((sum, [x, y]) => sum + (f(x) - y) ** 2, 0) / points.length;
  function errors(position) {
    const fitted = curve(position);
    return [seen, unseen].map(points => error(fitted, points));
  }
  const unseenAt = every(POSITIONS + 1, position => errors(position)[1]);
  const best = unseenAt.indexOf(Math.min(...unseenAt));
  const isNear = position => Math.abs(position - best) <= NEAR;

  const spot = ([x, y]) =>
    `${(20 + 340 * (x + 1)).toFixed(1)} ${Math.min(Math.max(160 - 95 * y, -99), 420).toFixed(1)}`;
  const line = f => "M" + every(201, i => i / 100 - 1).map(x => spot([x, f(x)])).join("L");
  const dots = points => points.map(point => `M${spot(point)}h0`).join("");
  const path = (d, ink, rest) => `<path d="${d}" class="${ink}" ${rest}/>`;
  const drawn = position =>
    path(line(wave), "mute", 'stroke-width="2" stroke-dasharray="1 7"') + path(dots(unseen), "mute", 'stroke-width="5"') +
    path(line(curve(position)), isNear(position) ? "good" : "bad", 'stroke-width="4"') +
    path(dots(seen), "ink", 'stroke-width="14"');

  function start(root) {
    const [picture, bars, words] = root.children;
    picture.innerHTML = '<svg viewBox="0 0 720 320" aria-hidden="true"></svg>';
    bars.innerHTML = ["error on the big dots, which it saw", "error on the small dots, which it never saw"]
      .map(name => `<span>${name}</span><i></i><b></b>`).join("");
    words.innerHTML = `<label>Drag: what shall it cost to bend? <input type="range" max="${POSITIONS}"></label>` +
      "<span class=\"ends\"><span>by heart</span><span>about right</span><span>too stiff</span></span><em></em>";
    const slider = words.querySelector("input");
    function show() {
      const position = Number(slider.value), found = errors(position);
      picture.firstChild.innerHTML = drawn(position);
      root.classList.toggle("near", isNear(position));
      found.forEach((error, i) => {
        bars.querySelectorAll("i")[i].style.width = `${Math.min(100, 100 * Math.sqrt(error))}%`;
        bars.querySelectorAll("b")[i].textContent = error.toFixed(2);
      });
      const called = isNear(position) ? "about right" : position < best ? "by heart" : "too stiff";
      slider.setAttribute("aria-valuetext", `${called}: error ${found[0].toFixed(2)} on what it saw, ` +
        `${found[1].toFixed(2)} on what it did not`);
      words.lastChild.textContent = isNear(position) ? "That is regularisation." : "";
    }
    const go = position => (slider.value = position, show());
    let playing = !matchMedia("(prefers-reduced-motion: reduce)").matches;
    slider.addEventListener("input", () => (playing = false, show()));
    // It plays once, from by heart to the best, slower and slower.
    const began = performance.now() + 700, play = now => {
      const share = Math.min(Math.max((now - began) / 1800, 0), 1);
      if (playing) go(Math.round(best * (1 - (1 - share) ** 3)));
      if (playing && share < 1) requestAnimationFrame(play);
    };
    addEventListener("beforeprint", () => (playing = false, go(best)));
    go(playing ? 0 : best);
    requestAnimationFrame(play);
  }

  const root = document.querySelector("#opening");
  if (root) start(root);
  return { drawn, errors, best };
})();
