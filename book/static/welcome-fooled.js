// Would you have been fooled? Single runs from stored scores, then twenty pairs, then both with what is free.
// tools/fooled.py computes the scores, in tenths of a point.
"use strict";

(() => {
  const place = document.querySelector("#fooled"), root = document.createElement("div");
  if (!place) return;
  place.firstElementChild.className = "on-paper";  // what stands there without a script
  place.append(root);
  const [plain, line, plainFree, lineFree] = JSON.parse(place.dataset.scores), count = plain.length, runs = [];
  const NAMES = ["without it", "with it"], any = () => Math.floor(Math.random() * count);
  const said = tenths => `${tenths < 0 ? "−" : tenths > 0 ? "+" : ""}${Math.abs(tenths / 10).toFixed(1)}`;
  let guess;

  function pairs(without, withIt) {
    const gains = withIt.map((score, seed) => score - without[seed]), mean = gains.reduce((sum, one) => sum + one) / count;
    const spread = gains.reduce((sum, one) => sum + (one - mean) ** 2, 0) / (count - 1), error = Math.sqrt(spread / count);
    return { gains, mean, ends: [mean - 2 * error, mean + 2 * error],
             opposite: gains.filter(gain => gain * mean < 0).length,
             verdict: Math.abs(mean) < 2 * error ? "no clear difference" : mean > 0 ? "better" : "worse",
             words: `${said(mean)} ± ${(error / 10).toFixed(1)} points` };
  }
  const fooled = () => {  // a run with the line beside each of the other seeds' runs without it
    const all = line.flatMap((score, i) => plain.filter((_, j) => j !== i).map(other => score - other));
    const { mean } = pairs(plain, line);
    return Math.round(100 * all.filter(gain => gain * mean < 0).length / all.length);
  };

  /** A picture, a sentence, and what can be pressed next. */
  function stage(html, words, ...next) {
    root.innerHTML = `<div class="dots">${html}</div><p aria-live="polite">${words}</p><p class="start"></p>`;
    for (const [text, action] of next) {
      const button = document.createElement("button");
      button.textContent = text;
      button.onclick = () => (action(), root.querySelector("button, a").focus({ preventScroll: true }));
      root.lastChild.append(button);
    }
  }

  function once() {
    const seed = any(), other = (seed + 1 + Math.floor(Math.random() * (count - 1))) % count;
    runs.push(line[seed] - plain[other]);
    const last = runs.at(-1);
    stage(strip.draw(runs, null, 10, 1, NAMES), `With it: ${said(last)} points. Would you post that?`,
      ["Again", once], ["Twenty pairs, each on the same rows", twenty]);
  }
  function twenty() {
    const { gains, ends, words, verdict, opposite } = pairs(plain, line);
    stage(strip.draw(gains, ends, 10, 1, NAMES), `You said: ${guess}. It is ${verdict}: ${words}. A dot is now a pair that
      learned from the same rows, and ${opposite} of ${count} say the opposite; of single runs, each on rows of its own,
      ${fooled()} in 100 do. (± is a standard error, the bar two either way.)`, ["Now train both properly", free]);
  }
  function free() {
    const { gains, ends, words, verdict } = pairs(plainFree, lineFree), gift = pairs(plain, plainFree);
    stage(strip.draw(gains, ends, 10, 1, NAMES), `Stopped at its best moment, and then trained on all the rows there are, the
      network without the line gains ${gift.words}, for nothing. The line, trained so too, is then ${verdict}: ${words}.`,
      ["From the start", ask]);
    const link = document.createElement("a");
    link.textContent = "This set-up in the laboratory";
    link.href = "laboratory.html#problem=xor&rows=500&irrelevant=4&noise=0.1&layers=1&epochs=60&optimiser=adam&rate=0.01" +
      "&batch=32&a.l2=0&a.units=32&b.l2=0&b.units=32&b.dropout=0.2";
    root.lastChild.append(link);
  }
  function ask() {
    runs.length = 0;
    const answers = ["better", "worse", "no different"].map(word => [word, () => (guess = word, first())]);
    stage("", "What do you think: with it, the network is …", ...answers);
  }
  const first = () => stage("", `You say: ${guess}.`, ["Train one with it, one without", once]);
  ask();
})();
