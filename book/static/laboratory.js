// The laboratory's page. It shows the set-up, lets workers train it, and says what came out.
"use strict";

addEventListener("DOMContentLoaded", () => {
  const { PAIRS, SHARED, ARM, SETTINGS, STORIES, get, set, story, toldBy, address, read, namesOf, summary, python } =
    laboratorySetup;
  const ENOUGH = 5;  // pairs until a verdict is shown
  const root = document.getElementById("laboratory"), part = name => root.querySelector(`[data-part="${name}"]`);
  const say = (name, text) => (part(name).textContent = text);

  let setup, results = [], started = 0;
  const tried = new Map(), opened = new Map();  // by address; by the rows that were opened

  // ---- The page, made from the settings and from the headings of the stories.

  function control(name) {
    const { label, places, says } = SETTINGS[name];
    if (typeof places[0] === "string") {
      const options = places.map((place, n) => `<option value="${n}">${says(place)}</option>`);
      return `<label class="lab-choice">${label}<select name="${name}">${options.join("")}</select></label>`;
    }
    if (name.endsWith("stopped")) {
      return `<label class="lab-tick"><input type="checkbox" name="${name}">${label}</label>`;
    }
    return `<label class="lab-knob"><span>${label}</span><output></output>
      <input type="range" name="${name}" max="${places.length - 1}"></label>`;
  }

  const arm = letter => `<fieldset class="lab-${letter}"><legend data-part="${letter}"></legend>${
    Object.keys(ARM).map(name => control(`${letter}.${name}`)).join("")}</fieldset>`;
  const title = id => document.getElementById(id).querySelector("h3").firstChild.textContent;

  root.classList.add("lab");
  root.innerHTML = `
    <div class="lab-row" role="group" aria-label="Stories to begin with">${Object.keys(STORIES).map(id =>
      `<button type="button" data-story="${id}">${title(id)}</button>`).join("")}</div>
    <p class="lab-trouble" data-part="trouble" role="alert" hidden></p>
    <div>
      <section class="lab-result" aria-label="Verdict">
        <p class="lab-headline" data-part="headline"></p>
        <div data-part="dots"></div>
        <p data-part="verdict"></p>
      </section>
      <p class="lab-row"><button type="button" data-part="go"></button>
        <button type="button" data-part="fresh">Fresh seeds</button><span data-part="progress"></span></p>
      <p class="lab-unseen" role="status" data-part="spoken"></p>
      <p data-part="hint"></p>
      <form>
        <div class="lab-pair">${arm("a")}${arm("b")}</div>
        <details><summary>For both: <span data-part="summary"></span></summary>
          <fieldset class="lab-pair"><legend>Problem, network and training</legend>
          ${Object.keys(SHARED).map(control).join("")}</fieldset></details>
      </form>
    </div>
    <h2>While they learn</h2><div class="lab-pair" data-part="curves"></div>
    <h2>What they learned</h2>
    <p>The borders of the first six networks of each, over rows of the first seed: squares have label 1.</p>
    <div class="lab-pair" data-part="borders"></div>
    <h2>Had you run it only once</h2><p data-part="single"></p>
    <h2>The sealed test</h2>
    <p>4000 fresh rows per seed, whose labels are all true. Open it once, when you have chosen.</p>
    <p class="lab-row"><button type="button" data-part="open">Open the sealed test</button></p>
    <div data-part="test"></div><p role="status" data-part="seal"></p>
    <h2>What you tried</h2><ol data-part="tried"></ol><p data-part="luck"></p>
    <h2>Take it away</h2>
    <p class="lab-row"><a data-part="link">Link to this set-up</a>
      <button type="button" data-part="copy">Copy as Python</button><span role="status" data-part="copied"></span></p>
    <pre tabindex="0" aria-label="This comparison in Python" data-part="python"></pre>`;
  const form = root.querySelector("form");
  root.querySelector("details").open = innerWidth > 600;

  function showSetup() {
    for (const input of form.elements) {
      if (!(input.name in SETTINGS)) continue;
      const { places, says } = SETTINGS[input.name], now = get(setup, input.name);
      if (input.type === "checkbox") input.checked = now === 1;
      else input.value = places.indexOf(now);
      if (input.type !== "range") continue;
      input.previousElementSibling.textContent = says(now);
      input.setAttribute("aria-valuetext", says(now));
    }
    const told = toldBy(setup);
    for (const button of root.querySelectorAll("[data-story]")) {
      button.setAttribute("aria-pressed", button.dataset.story === told);
    }
    if (told) say("hint", STORIES[told][1]);
    namesOf(setup).forEach((name, n) => say("ab"[n], `${"AB"[n]}: ${name}`));
    say("summary", summary(setup));
    say("python", python(setup));
    say("copied", "");
    part("copy").disabled = setup.problem !== "xor";
    part("link").href = address(setup);
  }

  // ---- Verdicts, in the words of the course's `compare`.

  const points = number => (Math.abs(number) < 0.05 ? "+" : number < 0 ? "-" : "+") + Math.abs(number).toFixed(1);
  const percent = share => `${Math.round(100 * share)} %`;

  /** What the accuracies of B and A on a part of the data say, seed by seed. */
  function compare(rows) {
    const differences = results.map(({ a, b }) => 100 * (b[rows] - a[rows])), count = differences.length;
    const mean = differences.reduce((sum, one) => sum + one, 0) / count;
    const squares = differences.reduce((sum, one) => sum + (one - mean) ** 2, 0);
    const error = Math.sqrt(squares / (count - 1) / count), clear = Math.abs(mean) > 2 * error;
    // Tenths of a point; a half is rounded up, also where a last bit says a little less.
    const gains = differences.map(one => Number((10 * one).toFixed(6)))
      .map(one => Math.floor(one + 0.5) || Math.sign(one));  // what is no tie stays none
    const wins = differences.filter(one => one > 0).length, losses = differences.filter(one => one < 0).length;
    const names = namesOf(setup), [a, b] = names[0] === names[1] ? ["A", "B"] : names;
    const size = `${Math.abs(mean).toFixed(1)} ± ${error.toFixed(1)} points`;
    return {
      differences, gains, mean, error, clear,
      headline: JSON.stringify(setup.a) === JSON.stringify(setup.b) ? "A and B are the same" :
        clear ? `${b} ${mean > 0 ? "gains" : "loses"} ${size}` : "Too close to call",
      words: `${b} against ${a}, ${rows} accuracy: ${points(mean)} ± ${error.toFixed(1)} points; better in ${wins} of ` +
        `${count} seeds, worse in ${losses}, equal in ${count - wins - losses}`,
    };
  }

  const dotsOf = ({ gains, mean, error }) => strip.draw(gains,
    gains.length < ENOUGH ? null : [10 * (mean - 2 * error), 10 * (mean + 2 * error)], 10, 1, ["A", "B"]);

  // ---- While workers train: dots from the first pair on, a verdict after five, the rest when all are there.

  function show() {
    const count = results.length, done = count === PAIRS, verdict = compare("validation");
    const seconds = (performance.now() - started) / 1000, left = Math.ceil(seconds / count * (PAIRS - count));
    const running = busy.size > 0 && !done;
    root.classList.toggle("lab-training", !done);  // what is below is still the last set-up's
    say("headline", done ? verdict.headline : count >= ENOUGH ? `After ${count} pairs: ${verdict.headline}` :
      running ? "Training …" : "Stopped");
    part("dots").innerHTML = dotsOf(verdict);
    say("verdict", count < ENOUGH ? "" : verdict.words);
    say("progress", done ? `${2 * PAIRS} networks in ${seconds.toFixed(1)} s` :
      !running ? `Stopped after ${count} of ${PAIRS} pairs` :
      `${count} of ${PAIRS} pairs${count && left > 2 ? `, about ${left} s to go` : ""}`);
    say("go", running ? "Stop" : "Same seeds again");
    part("open").disabled = !done;
    if (done) finish(verdict);
  }

  function finish(verdict) {
    const broken = ["a", "b"].filter(letter => results.some(pair => !pair[letter].finite));
    if (broken.length) {
      say("headline", `${broken.join(" and ").toUpperCase()} broke: lower the learning rate`);
      say("verdict", "Its numbers grew beyond all bounds, so there is nothing to compare.");
      part("open").disabled = true;
    } else tried.set(address(setup), { ...verdict, rows: `${summary(setup)}; seeds from ${setup.seed}` });
    say("spoken", `${part("headline").textContent}. ${part("verdict").textContent}`);
    part("curves").innerHTML = curvesOf("training", "200 training rows") + curvesOf("validation", "validation rows");
    part("borders").innerHTML = bordersOf("a", 0) + bordersOf("b", 1);
    say("single", singleRuns(verdict));
    showTries();
  }

  function curvesOf(rows, name) {
    const mean = letter => results[0][letter].curves[rows].map((_, epoch) =>
      results.reduce((sum, pair) => sum + pair[letter].curves[rows][epoch], 0) / PAIRS);
    return laboratoryFigures.curves(mean("a"), mean("b"), `Accuracy on ${name}`);
  }

  function bordersOf(letter, place) {
    const fields = results.slice(0, 6).map(pair => pair[letter].field), name = namesOf(setup)[place];
    return laboratoryFigures.borders(fields, results[0].dots, `${letter.toUpperCase()}: ${name}`);
  }

  /** What the first pair alone would have said, and how often one run of A beside one of B, on other rows, is wrong. */
  function singleRuns({ differences, mean, clear }) {
    const posts = results.flatMap(one => results.filter(other => other !== one)
      .map(other => Math.sign(one.b.validation - other.a.validation)));
    const share = sign => percent(posts.filter(post => post === sign).length / posts.length);
    const first = differences[0] > 0 ? "B" : differences[0] < 0 ? "A" : "neither";
    return `The first pair alone would have named ${first} (${points(differences[0])} points). And if one person runs A ` +
      `and another B, each once, on different rows? Of ${posts.length} such pairings B is ahead in ${share(1)}, A in ` +
      `${share(-1)}. ` + (clear ? `So ${share(-Math.sign(mean))} would name the worse one.` : "Twenty pairs name neither.");
  }

  // ---- Choose honestly: a log of what was tried, its luck, and a test set that knows when it was opened.

  /** The mean of the largest of `count` normal numbers. */
  function largestOf(count) {
    let below = 0, mean = 0;
    for (let x = -6; x < 6; x += 0.01) {
      const next = below + 0.01 * Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
      mean += x * (next ** count - below ** count);
      below = next;
    }
    return mean;
  }

  function showTries() {
    part("tried").innerHTML = [...tried].map(([link, { words, rows }]) =>
      `<li><a href="${link}">${words}</a> (${rows})</li>`).join("");
    const count = tried.size, error = [...tried.values()].reduce((sum, one) => sum + one.error, 0) / count;
    say("luck", count < 3 ? "" : `You have tried ${count} comparisons. If B were as good as A in all of them, the ` +
      `best of ${count} would still show about ${points(error * largestOf(count))} points by luck alone. So choose, ` +
      "then take fresh seeds, and open the sealed test once.");
  }

  function openTest() {
    const rows = [setup.problem, setup.irrelevant, setup.seed].join(), before = opened.get(rows) ?? new Set();
    const again = before.has(address(setup)), times = before.add(address(setup)).size, verdict = compare("test");
    opened.set(rows, before);
    part("test").innerHTML = `<p class="lab-headline">${verdict.headline}</p>${dotsOf(verdict)}<p>${verdict.words}</p>`;
    say("seal", times > 1 ? `The test set of these seeds is open for comparison number ${times}: what is chosen ` +
      "after looking at it is no longer tested. Take fresh seeds." :
      again ? "You opened it before. The numbers are the same: it can be read again, but not used again." :
      `The test set of these seeds is open. ${verdict.headline}.`);
  }

  // ---- Workers. They start from the engine's own text, so that a page without a server has them as well.

  const source = URL.createObjectURL(new Blob([`const engine = (${laboratoryEngine})();
    onmessage = ({ data: [setup, seed] }) => postMessage(engine.pair(setup, seed));`]));
  const idle = [], busy = new Set();

  function stop() {
    for (const worker of busy) worker.terminate();
    busy.clear();
  }

  function train() {
    stop();
    const waiting = Array.from({ length: PAIRS }, (_, n) => setup.seed + n);
    const give = worker => {
      busy.delete(worker);
      if (!waiting.length) return idle.push(worker);
      busy.add(worker);
      worker.postMessage([setup, waiting.shift()]);
    };
    results = [];
    started = performance.now();
    for (let n = Math.min(navigator.hardwareConcurrency || 1, PAIRS); n > 0; n--) {
      const worker = idle.pop() ?? new Worker(source);
      worker.onmessage = ({ data }) => {
        give(worker);
        results = [...results, data].sort((one, other) => one.seed - other.seed);
        show();
      };
      worker.onerror = () => {
        stop();
        say("headline", "This browser starts no workers, in which the networks are trained");
      };
      give(worker);
    }
    for (const name of ["test", "seal", "spoken"]) say(name, "");
    show();
  }

  // ---- What the reader does.

  let soon = 0;  // the timer of a slider that was just moved

  function begin(asked, troubles = []) {
    clearTimeout(soon);
    setup = asked;
    history.replaceState(null, "", address(setup));
    say("trouble", troubles.join(" "));
    part("trouble").hidden = !troubles.length;
    showSetup();
    train();
  }

  form.addEventListener("input", ({ target }) => {
    const { places } = SETTINGS[target.name];
    set(setup, target.name, places[target.type === "checkbox" ? Number(target.checked) : target.value]);
    showSetup();
    clearTimeout(soon);
    soon = setTimeout(begin, 150, setup);
  });
  form.addEventListener("submit", event => event.preventDefault());
  for (const button of root.querySelectorAll("[data-story]")) {
    button.addEventListener("click", () => begin(story(button.dataset.story)));
  }
  part("go").addEventListener("click", () => {
    if (part("go").textContent !== "Stop") return train();
    stop();
    show();
  });
  part("fresh").addEventListener("click", () => begin({ ...setup, seed: (setup.seed + PAIRS) % 1e6 }));
  part("open").addEventListener("click", openTest);
  part("copy").addEventListener("click", () => navigator.clipboard.writeText(python(setup)).then(
    () => say("copied", "Copied"), () => say("copied", "The browser does not let the page copy: mark the lines")));

  function follow(hash) {
    const found = read(hash);
    if (!found) return false;
    begin(found.setup, found.troubles);
    root.scrollIntoView();
    return true;
  }
  addEventListener("hashchange", () => follow(location.hash));
  if (location.hash.length > 1 && follow(location.hash)) addEventListener("load", () => root.scrollIntoView());
  else {  // the address stays as it is: empty, or another heading's
    setup = read("").setup;
    showSetup();
    train();
    addEventListener("load", () => document.getElementById(location.hash.slice(1))?.scrollIntoView());
  }
});
