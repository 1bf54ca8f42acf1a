// One job: the page of the laboratory. What can be set, what is watched while workers train, what is taken away.
"use strict";

addEventListener("DOMContentLoaded", () => {
  const PAIRS = 20, ENOUGH = 5;  // pairs of a run, and after how many a verdict is shown

  // ---- What can be set. Every setting has a few places, so that an address can hold nothing else.

  const plain = String, percent = share => `${Math.round(100 * share)} %`;
  const LATER = ["problem", "rows", "irrelevant", "noise", "layers", "optimiser", "rate", "epochs", "batch"];
  const ARM = ["l2", "dropout", "decay", "units", "stopped"];
  const SETTINGS = {
    problem: { label: "Problem", places: ["xor", "rings", "spirals", "line"], says: value => PROBLEMS[value] },
    rows: { label: "Rows to train on", places: [50, 100, 200, 500, 1000, 2000], says: plain },
    irrelevant: { label: "Irrelevant inputs", places: [0, 2, 4, 8, 16], says: plain },
    noise: { label: "False labels", places: [0, 0.05, 0.1, 0.2, 0.3], says: percent },
    layers: { label: "Hidden layers", places: [1, 2], says: plain },
    optimiser: { label: "Optimiser", places: ["adam", "sgd"], says: value => OPTIMISERS[value] },
    rate: { label: "Learning rate", places: [0.001, 0.003, 0.01, 0.03, 0.1], says: plain },
    epochs: { label: "Epochs", places: [5, 10, 20, 30, 60, 120], says: plain },
    batch: { label: "Batch size", places: [8, 16, 32, 64, 128], says: plain },
    l2: { label: "L2 penalty λ", places: [0, 0.0001, 0.0003, 0.001, 0.003, 0.01, 0.02, 0.03, 0.1], says: plain },
    dropout: { label: "Dropout rate", places: [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8], says: plain },
    decay: { label: "Weight decay", places: [0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3], says: plain },
    units: { label: "Hidden units", places: [2, 4, 6, 8, 16, 32, 64, 128], says: plain },
    stopped: { label: "Stopped in time", places: [0, 1], says: value => (value ? "yes" : "no") },
  };
  const PROBLEMS = { xor: "noisy XOR", rings: "rings", spirals: "spirals", line: "straight line" };
  const OPTIMISERS = { adam: "Adam", sgd: "SGD with momentum" };

  const ORIGINAL = { problem: "xor", rows: 1000, irrelevant: 0, noise: 0, layers: 1, optimiser: "adam", rate: 0.001,
                     epochs: 30, batch: 32, seed: 0 };
  const HARD = { ...ORIGINAL, rows: 500, irrelevant: 8, noise: 0.1, rate: 0.01, epochs: 60 };
  const way = (units, changes = {}) => ({ l2: 0, dropout: 0, decay: 0, units, stopped: 0, ...changes });

  // The stories, by the headings of the page that tell them: a link to a heading sets its story up.
  const STORIES = {
    "l2-in-the-original": { ...ORIGINAL, a: way(8), b: way(8, { l2: 0.01 }) },
    "dropout-in-the-original": { ...ORIGINAL, a: way(8), b: way(8, { dropout: 0.3 }) },
    "where-l2-helps": { ...HARD, a: way(64), b: way(64, { l2: 0.01 }) },
    "eight-units-instead": { ...HARD, a: way(8), b: way(64, { l2: 0.01 }) },
    "stopped-in-time": { ...HARD, a: way(64, { stopped: 1 }), b: way(64, { l2: 0.01 }) },
  };
  const FIRST = Object.keys(STORIES)[0];

  /** What a way is called: as the chapters call it, with its width where the other's is different. */
  function nameOf(own, other) {
    const words = [];
    if (own.l2) words.push(`l2(${own.l2})`);
    if (own.dropout) words.push(`Dropout(${own.dropout})`);
    if (own.decay) words.push(`decay ${own.decay}`);
    if (!words.length) words.push("plain");
    if (own.units !== other.units) words.push(`${own.units} units`);
    if (own.stopped) words.push("stopped");
    return words.join(", ");
  }

  // ---- The address holds the whole set-up.

  const names = [...LATER, "seed", ...ARM.map(name => `a.${name}`), ...ARM.map(name => `b.${name}`)];
  const value = (of, name) => name.split(".").reduce((inner, key) => inner[key], of);
  const addressOf = of => "#" + names.map(name => `${name}=${value(of, name)}`).join("&");

  function place(of, name, what) {
    const keys = name.split("."), last = keys.pop();
    keys.reduce((inner, key) => inner[key], of)[last] = what;
  }

  /** The set-up of an address, and a sentence for each thing in it that can't be. Null: the address is no set-up. */
  function read(address) {
    const text = decodeURIComponent(address.replace(/^#/, "")), troubles = [];
    if (STORIES[text || FIRST]) return { asked: structuredClone(STORIES[text || FIRST]), troubles };
    if (!text.includes("=")) return null;
    const asked = structuredClone(STORIES[FIRST]);
    for (const [name, given] of new URLSearchParams(text)) {
      const { places } = SETTINGS[name.replace(/^[ab]\./, "")] ?? {};
      const fits = name === "seed" ? /^\d{1,6}$/.test(given) : places?.map(String).includes(given);
      if (!names.includes(name)) troubles.push(`The address names “${name}”, which is no setting here; it is left out.`);
      else if (fits) place(asked, name, typeof value(asked, name) === "number" ? Number(given) : given);
      else troubles.push(`In the address ${name} is “${given}”; it can be ${places?.join(", ") ?? "0 to 999999"}. ` +
                         `${value(asked, name)} is taken instead.`);
    }
    return { asked, troubles };
  }

  // ---- The page.

  const root = document.getElementById("laboratory"), touch = name => root.querySelector(`[data-part="${name}"]`);

  function slider(name) {
    const { label, places } = SETTINGS[name.replace(/^[ab]\./, "")];
    return `<label class="lab-knob"><span>${label}</span><output></output>
      <input type="range" name="${name}" min="0" max="${places.length - 1}" step="1"></label>`;
  }

  function choice(name) {
    const { label, places, says } = SETTINGS[name];
    const options = places.map((option, number) => `<option value="${number}">${says(option)}</option>`).join("");
    return `<label class="lab-choice"><span>${label}</span><select name="${name}">${options}</select></label>`;
  }

  const tick = name => `<label class="lab-tick"><input type="checkbox" name="${name}"> Stopped in time</label>`;
  const way_ = (letter, title) => `<fieldset class="lab-${letter}"><legend><b>${letter.toUpperCase()}</b> ${title}</legend>
    ${["l2", "dropout", "decay", "units"].map(name => slider(`${letter}.${name}`)).join("")}${tick(`${letter}.stopped`)}
    </fieldset>`;

  root.classList.add("lab");
  root.innerHTML = `
    <div class="lab-stories" role="group" aria-label="Stories to begin with">${Object.keys(STORIES).map(id =>
      `<button type="button" data-story="${id}">${document.getElementById(id).querySelector("h3").firstChild.textContent}
      </button>`).join("")}</div>
    <p class="lab-trouble" data-part="trouble" role="alert" hidden></p>
    <section class="lab-result" aria-label="The verdict">
      <p class="lab-headline" data-part="headline"></p>
      <div data-part="dots"></div>
      <p data-part="verdict"></p>
      <p class="lab-quiet" data-part="progress"></p>
      <p class="lab-unseen" role="status" data-part="spoken"></p>
      <p class="lab-buttons"><button type="button" data-part="go"></button>
        <button type="button" data-part="fresh">Fresh seeds</button>
        <button type="button" data-part="open">Open the sealed test</button></p>
      <div data-part="test" hidden></div>
    </section>
    <form>
      <p class="lab-quiet">Move anything: the networks are trained again at once.</p>
      <div class="lab-pair">${way_("a", "the rival")}${way_("b", "the method")}</div>
      <details><summary data-part="summary"></summary><fieldset class="lab-later"><legend>For both</legend>
        ${LATER.map(name => (["problem", "optimiser"].includes(name) ? choice : slider)(name)).join("")}
      </fieldset></details>
    </form>
    <section aria-label="Learning curves"><h3>While they learn</h3><div class="lab-pair" data-part="curves"></div></section>
    <section aria-label="Borders"><h3>What they learned</h3><div class="lab-pair" data-part="borders"></div></section>
    <section aria-label="Single runs"><h3>If you had run it only once</h3><p data-part="single"></p></section>
    <section aria-label="What was tried"><h3>What you tried</h3><ol data-part="log"></ol><p data-part="luck"></p></section>
    <section aria-label="Take it away"><h3>Take it away</h3>
      <p class="lab-buttons"><a data-part="link">Link to this set-up</a>
        <button type="button" data-part="copy">Copy as Python</button></p>
      <pre tabindex="0" data-part="python"></pre></section>`;
  const form = root.querySelector("form");

  let setup, results = [], tried = [], opened = new Map(), started = 0;

  /** Show the set-up in every control. */
  function showSetup() {
    for (const control of form.querySelectorAll("[name]")) {
      const { places, says } = SETTINGS[control.name.replace(/^[ab]\./, "")], now = value(setup, control.name);
      control.value = places.indexOf(now);
      if (control.type === "checkbox") control.checked = now === 1;
      if (control.type !== "range") continue;
      control.previousElementSibling.textContent = says(now);
      control.setAttribute("aria-valuetext", says(now));
    }
    const { problem, rows, irrelevant, noise, layers, epochs, optimiser } = setup;
    touch("summary").textContent = `For both: ${PROBLEMS[problem]}, ${rows} rows, ${irrelevant} irrelevant inputs, ` +
      `${percent(noise)} false labels; ${layers === 1 ? "one hidden layer" : "two hidden layers"}, ${epochs} epochs of ` +
      `${OPTIMISERS[optimiser]}. Change`;
    for (const button of root.querySelectorAll("[data-story]")) {
      button.setAttribute("aria-pressed", addressOf(STORIES[button.dataset.story]) === addressOf({ ...setup, seed: 0 }));
    }
    touch("link").href = addressOf(setup);
    touch("python").textContent = python(setup);
    touch("copy").disabled = setup.problem !== "xor";
  }

  // ---- Verdicts, in the words of the course's own `compare`.

  const points = number => {
    const text = Math.abs(number).toFixed(1);
    return (number < 0 && text !== "0.0" ? "-" : "+") + text;
  };

  function judge(part) {
    const differences = results.map(({ a, b }) => 100 * (b[part] - a[part])), count = differences.length;
    const mean = differences.reduce((sum, one) => sum + one, 0) / count;
    const spread = differences.reduce((sum, one) => sum + (one - mean) ** 2, 0);
    const error = Math.sqrt(spread / (count - 1) / count), wins = differences.filter(one => one > 1e-9).length;
    const losses = differences.filter(one => one < -1e-9).length;
    const same = nameOf(setup.a, setup.b) === nameOf(setup.b, setup.a);
    const [new_, old] = same ? ["B", "A"] : [nameOf(setup.b, setup.a), nameOf(setup.a, setup.b)];
    const words = `${new_} against ${old}, accuracy: ${points(mean)} ± ${error.toFixed(1)} points; better in ${wins} of ` +
      `${count} seeds, worse in ${losses}, equal in ${count - wins - losses}`;
    const side = mean > 2 * error ? 1 : mean < -2 * error ? -1 : 0;
    const headline = side ? `B ${side > 0 ? "gains" : "loses"} ${points(mean).slice(1)} points` : "Too close to call";
    return { differences, mean, error, words, headline, side };
  }

  // ---- Pictures. They take their inks from the style sheet, so they follow light and dark.

  const svg = (width, height, label, inside) =>
    `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${label}">${inside}</svg>`;

  /** A dot per pair, B's score minus A's, and below them the mean with two standard errors. */
  function dots({ differences, mean, error, words }) {
    const largest = Math.max(...differences.map(Math.abs), Math.abs(mean) + 2 * error || 0);
    const reach = [2, 5, 10, 20, 50, 100].find(end => largest <= end) ?? 100;
    const at = number => 300 + 280 * number / reach, heights = new Map();
    const circles = differences.map(one => {
      const bin = Math.round(at(one) / 13), height = heights.get(bin) ?? 0;
      heights.set(bin, height + 1);
      const kind = one > 1e-9 ? "b" : one < -1e-9 ? "a" : "same";
      return `<circle class="lab-dot-${kind}" cx="${bin * 13}" cy="${128 - 13 * height}" r="5.5"/>`;
    });
    const bar = differences.length < ENOUGH ? "" :
      `<path class="lab-bar" d="M${at(mean - 2 * error)} 152H${at(mean + 2 * error)}"/>
       <path class="lab-mean" d="M${at(mean)} 144v16"/>`;
    const marks = [-reach, -reach / 2, reach / 2, reach].map(mark =>
      `<text x="${at(mark)}" y="182" text-anchor="middle">${mark > 0 ? "+" : "−"}${Math.abs(mark)}</text>`);
    return svg(600, 190, words, `<text x="290" y="14" text-anchor="end">A better ←</text>
      <text x="310" y="14">→ B better</text><path class="lab-axis" d="M300 22V166M14 138H586"/>
      ${circles.join("")}${bar}${marks.join("")}<text x="300" y="182" text-anchor="middle">0 points</text>`);
  }

  const meanCurve = (letter, part) => results[0][letter].curves[part].map((_, epoch) =>
    results.reduce((sum, pair) => sum + pair[letter].curves[part][epoch], 0) / results.length);

  function curves(part, title) {
    const both = { a: meanCurve(part === "" ? "a" : "a", part), b: meanCurve("b", part) };
    const low = Math.min(0.9, Math.floor(10 * Math.min(...both.a, ...both.b)) / 10), last = both.a.length - 1;
    const y = share => 165 - 150 * (share - low) / (1 - low);
    const line = (letter, shares) => `<path class="lab-line-${letter}" d="M${shares.map((share, epoch) =>
      `${(36 + 250 * epoch / last).toFixed(1)} ${y(share).toFixed(1)}`).join("L")}"/>
      <text class="lab-end-${letter}" x="290" y="${y(shares[last]) + 4}">${letter.toUpperCase()}</text>`;
    const label = `Accuracy on ${title}: A ends at ${percent(both.a[last])}, B at ${percent(both.b[last])}`;
    return `<figure>${svg(310, 192, label, `<path class="lab-axis" d="M36 10V165H290"/>
      <text x="30" y="19" text-anchor="end">100</text><text x="30" y="168" text-anchor="end">${Math.round(100 * low)}</text>
      <text x="286" y="185" text-anchor="end">epoch ${last + 1}</text>${line("a", both.a)}${line("b", both.b)}`)}
      <figcaption>${label}</figcaption></figure>`;
  }

  /** Where six networks of an arm change their mind, over rows of the first seed. */
  function borders(letter, engine) {
    const { x, y, rows, inputs } = engine.parts(setup, results[0].seed).train, net = networkOf(letter, inputs, engine);
    const label = [0, 1].map(kind => {
      let path = "";
      for (let row = 0; row < Math.min(rows, 300); row++) {
        if (y[row] === kind) path += `M${scaled(x[row * inputs])} ${scaled(-x[row * inputs + 1])}h0`;
      }
      return `<path class="lab-label-${kind}" d="${path}"/>`;
    });
    const lines = results.slice(0, 6).map(pair => `<path class="lab-border" d="${border((u, v) => {
      const row = new Float64Array(inputs);
      row[0] = u;
      row[1] = v;
      return engine.forward(net, pair[letter].weights, row, 0, null);
    })}"/>`);
    const words = `${letter.toUpperCase()}, ${nameOf(setup[letter], setup[letter === "a" ? "b" : "a"])}`;
    return `<figure>${svg(300, 300, `The borders of six networks of ${words}, over rows of the first seed`,
      label.join("") + lines.join(""))}<figcaption>${words}: the borders of six networks</figcaption></figure>`;
  }

  const networkOf = (letter, inputs, engine) => engine.network(inputs, Array(setup.layers).fill(setup[letter].units));
  const scaled = coordinate => (150 + 60 * coordinate).toFixed(1);

  /** The path along which f(u, v) is 0 on −2.5 … 2.5 squared: in each cell, from edge to edge. */
  function border(f) {
    const cells = 50, at = n => 5 * n / cells - 2.5;
    const grid = Array.from({ length: cells + 1 }, (_, j) => Array.from({ length: cells + 1 }, (_, i) => f(at(i), at(j))));
    let path = "";
    for (let j = 0; j < cells; j++) {
      for (let i = 0; i < cells; i++) {
        const corners = [[i, j], [i + 1, j], [i + 1, j + 1], [i, j + 1]], ends = [];
        corners.forEach(([i1, j1], n) => {
          const [i2, j2] = corners[(n + 1) % 4], from = grid[j1][i1], to = grid[j2][i2];
          if (from > 0 === to > 0) return;
          const share = from / (from - to);
          ends.push(`${scaled(at(i1 + share * (i2 - i1)))} ${scaled(-at(j1 + share * (j2 - j1)))}`);
        });
        for (let n = 0; n < ends.length; n += 2) path += `M${ends[n]}L${ends[n + 1]}`;
      }
    }
    return path;
  }

  // ---- Single runs, tries, and their luck.

  /** What the first pair alone would have said, and how often one run of A beside one of B, on other rows, is wrong. */
  function singleRuns({ differences, side, mean }) {
    const said = differences[0] > 0 ? "B" : differences[0] < 0 ? "A" : "neither";
    let a = 0, b = 0;
    results.forEach((one, n) => results.forEach((other, m) => {
      if (n !== m && one.b.validation > other.a.validation) b++;
      if (n !== m && one.b.validation < other.a.validation) a++;
    }));
    const all = PAIRS * (PAIRS - 1), share = count => percent(count / all);
    return `The first pair alone would have named ${said} (${points(differences[0])} points). Of all ${all} ways to run ` +
      `A once and B once on other rows, ${share(b)} name B and ${share(a)} name A. ` +
      (side ? `So ${share(side > 0 ? a : b)} name the loser.` : "Twenty pairs name nobody: the difference is too small.");
  }

  /** The mean of the largest of `count` normal numbers. */
  function luckOfTheBest(count) {
    let below = 0, mean = 0;
    for (let x = -6; x < 6; x += 0.01) {
      const next = below + 0.01 * Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
      mean += x * (next ** count - below ** count);
      below = next;
    }
    return mean;
  }

  function showTries() {
    touch("log").replaceChildren(...tried.map(({ words, address }) => {
      const item = document.createElement("li"), link = document.createElement("a");
      link.href = address;
      link.textContent = words;
      item.append(link);
      return item;
    }));
    const typical = tried.reduce((sum, { error }) => sum + error, 0) / tried.length;
    touch("luck").textContent = tried.length < 3 ? "" : `You have tried ${tried.length} comparisons. If none of them made ` +
      `any difference, the best of ${tried.length} would still show about ` +
      `${points(typical * luckOfTheBest(tried.length))} points, by luck alone. So choose first, then open the sealed test.`;
  }

  // ---- The sealed test.

  function openTest() {
    const rows = `${setup.problem} ${setup.irrelevant} ${setup.seed}`, before = opened.get(rows) ?? new Set();
    const again = before.has(addressOf(setup));
    opened.set(rows, before.add(addressOf(setup)));
    const verdict = judge("test"), times = before.size;
    touch("test").hidden = false;
    touch("test").innerHTML = `<h3>The sealed test</h3><p class="lab-headline">${verdict.headline}</p>${dots(verdict)}
      <p>${verdict.words}</p><p class="lab-quiet" role="status">${
        again && times === 1 ? "You opened it before; the numbers are the same." :
        times === 1 ? "The test set of these seeds is open: 4000 fresh rows per seed, all labels true." :
        `The test set of these seeds is open for comparison number ${times}: what is chosen after looking at it is no ` +
        "longer tested. Take fresh seeds."}</p>`;
  }

  // ---- The same comparison for the course's own package.

  function python(of) {
    if (of.problem !== "xor") return "# The course's package draws noisy XOR only; choose that problem to copy it as Python.";
    const arguments_ = ({ units, l2, dropout, decay }) =>
      `{"units": ${units}, "strength": ${l2}, "rate": ${dropout}, "decay": ${decay}}`;
    const one = arguments_(of.a) === arguments_(of.b);
    const read_ = (letter, { stopped }) => `"${letter}": runs.choose("${one ? "A" : letter}"${stopped ? ", stopped=True" : ""})`;
    const optimiser = of.optimiser === "adam" ? `Adam(${of.rate}, ` : `SGD(${of.rate}, momentum=0.9, `;
    return `import regbook as rb

rb.reproducible(0)

import keras
from keras import layers
from keras.regularizers import l2


def network(units, strength, rate, decay):
    model = keras.Sequential([keras.Input((${2 + of.irrelevant},))])
    for _ in range(${of.layers}):
        model.add(layers.Dense(units, "relu", kernel_regularizer=l2(strength)))
        model.add(layers.Dropout(rate))
    model.add(layers.Dense(1, "sigmoid", kernel_regularizer=l2(strength)))
    optimiser = keras.optimizers.${optimiser}weight_decay=decay)
    model.compile(optimiser, "binary_crossentropy")
    return model


data = rb.noisy_xor(rows=${of.rows}, irrelevant=${of.irrelevant}, label_noise=${of.noise},
                    seeds=range(${of.seed}, ${of.seed + PAIRS}))
runs = rb.experiment(network, {
    "A": ${arguments_(of.a)},${one ? "" : `\n    "B": ${arguments_(of.b)},`}
}, data, epochs=${of.epochs}, batch_size=${of.batch})
scores = runs.open_test({
    ${read_("A", of.a)},
    ${read_("B", of.b)},
})
scores.compare("B", "A")`;
  }

  // ---- Training, in workers: they start from the engine's own text, so a page without a server has them as well.

  const source = URL.createObjectURL(new Blob([`const engine = (${laboratoryEngine})();
    onmessage = ({ data: [setup, seed] }) => postMessage(engine.pair(setup, seed));`], { type: "text/javascript" }));
  const engine = laboratoryEngine(), idle = [], busy = new Set();

  function stop() {
    for (const worker of busy) worker.terminate();
    busy.clear();
  }

  function train() {
    stop();
    results = [];
    started = performance.now();
    const waiting = Array.from({ length: PAIRS }, (_, n) => setup.seed + n);
    const give = worker => {
      busy.delete(worker);
      if (!waiting.length) return idle.push(worker);
      busy.add(worker);
      worker.postMessage([setup, waiting.shift()]);
    };
    for (let n = Math.min(navigator.hardwareConcurrency || 1, PAIRS); n > 0; n--) {
      const worker = idle.pop() ?? new Worker(source);
      worker.onmessage = ({ data }) => {
        give(worker);
        results.push(data);
        results.sort((one, other) => one.seed - other.seed);
        show();
      };
      give(worker);
    }
    touch("test").hidden = true;
    touch("spoken").textContent = "";
    show();
  }

  /** Show what is known so far: dots from the first pair on, a verdict after five, the rest when all are there. */
  function show() {
    const count = results.length, done = count === PAIRS, running = busy.size > 0 && !done;
    const broken = results.find(({ a, b }) => !a.finite || !b.finite);
    const verdict = judge("validation");
    root.classList.toggle("lab-running", running);
    touch("headline").textContent = broken ? `${broken.a.finite ? "B" : "A"} broke: its numbers grew beyond all bounds` :
      count < ENOUGH ? "Training …" : verdict.headline;
    touch("dots").innerHTML = dots(verdict);
    touch("verdict").textContent = count < ENOUGH ? "" : verdict.words;
    const left = (performance.now() - started) / count * (PAIRS - count) / 1000;
    touch("progress").textContent = done ?
      `On 200 validation rows per seed: look as often as you like. Trained in ${((performance.now() - started) / 1000).toFixed(1)} s.` :
      running ? `${count} of ${PAIRS} pairs${left > 2 && count ? `, about ${Math.ceil(left)} s to go` : ""}` :
      `Stopped after ${count} of ${PAIRS} pairs: no verdict.`;
    touch("go").textContent = running ? "Stop" : "Train again";
    touch("open").disabled = !done;
    if (!done) return;
    touch("spoken").textContent = `${touch("headline").textContent}. ${verdict.words}`;
    touch("curves").innerHTML = curves("training", "200 of the training rows") + curves("validation", "validation rows");
    touch("borders").innerHTML = borders("a", engine) + borders("b", engine);
    touch("single").textContent = singleRuns(verdict);
    if (!tried.some(({ address }) => address === addressOf(setup))) {
      tried.push({ words: verdict.words, error: verdict.error, address: addressOf(setup) });
    }
    showTries();
  }

  function begin(asked, troubles = []) {
    setup = asked;
    history.replaceState(null, "", addressOf(setup));
    touch("trouble").textContent = troubles.join(" ");
    touch("trouble").hidden = !troubles.length;
    showSetup();
    train();
  }

  let waiting = 0;
  form.addEventListener("input", ({ target }) => {
    const { places } = SETTINGS[target.name.replace(/^[ab]\./, "")];
    place(setup, target.name, target.type === "checkbox" ? Number(target.checked) : places[target.value]);
    showSetup();
    clearTimeout(waiting);
    waiting = setTimeout(begin, 150, setup);
  });
  form.addEventListener("submit", event => event.preventDefault());
  root.addEventListener("click", ({ target }) => {
    if (target.dataset.story) begin(structuredClone(STORIES[target.dataset.story]));
  });
  touch("go").addEventListener("click", () => {
    if (!root.classList.contains("lab-running")) return train();
    stop();
    show();
  });
  touch("fresh").addEventListener("click", () => begin({ ...setup, seed: (setup.seed + PAIRS) % 1000000 }));
  touch("open").addEventListener("click", openTest);
  touch("copy").addEventListener("click", async () => {
    await navigator.clipboard.writeText(python(setup));
    touch("copy").textContent = "Copied";
  });

  function follow() {
    const found = read(location.hash);
    if (!found) return false;
    begin(found.asked, found.troubles);
    return true;
  }
  addEventListener("hashchange", () => follow() && root.scrollIntoView());
  const linked = location.hash.length > 1;
  if (!follow()) begin(structuredClone(STORIES[FIRST]));
  else if (linked) addEventListener("load", () => root.scrollIntoView());
});
