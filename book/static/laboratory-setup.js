// What can be set in the laboratory, what it is called, how an address holds it, and how Python says it.
"use strict";

const laboratorySetup = (() => {
  const PAIRS = 20;

  // Every setting has a few places, so that a slider reaches them all, and an address can hold nothing else.
  const plain = String, percent = share => `${Math.round(100 * share)} %`;
  const PROBLEMS = { xor: "noisy XOR", rings: "rings", spirals: "spirals", line: "straight line" };
  const OPTIMISERS = { adam: "Adam", sgd: "SGD with momentum" };
  const SHARED = {
    problem: { label: "Problem", places: Object.keys(PROBLEMS), says: problem => PROBLEMS[problem] },
    rows: { label: "Rows to train on", places: [50, 100, 200, 500, 1000, 2000], says: plain },
    irrelevant: { label: "Irrelevant inputs", places: [0, 2, 4, 8, 16], says: plain },
    noise: { label: "False labels", places: [0, 0.05, 0.1, 0.2, 0.3], says: percent },
    layers: { label: "Hidden layers", places: [1, 2], says: plain },
    epochs: { label: "Epochs", places: [5, 10, 20, 30, 60, 120], says: plain },
    optimiser: { label: "Optimiser", places: Object.keys(OPTIMISERS), says: optimiser => OPTIMISERS[optimiser] },
    rate: { label: "Learning rate", places: [0.001, 0.003, 0.01, 0.03, 0.1], says: plain },
    batch: { label: "Batch size", places: [8, 16, 32, 64, 128], says: plain },
  };
  const ARM = {
    l2: { label: "L2 penalty λ", places: [0, 0.0001, 0.0003, 0.001, 0.003, 0.01, 0.02, 0.03, 0.1], says: plain },
    dropout: { label: "Dropout rate", places: [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8], says: plain },
    decay: { label: "Weight decay", places: [0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3], says: plain },
    units: { label: "Hidden units", places: [2, 4, 6, 8, 16, 32, 64, 128], says: plain },
    stopped: { label: "Stopped in time", places: [0, 1], says: yes => (yes ? "yes" : "no") },
  };

  // A setting of one arm is named with the arm's letter: a.l2, b.units.
  const arms = letter => Object.entries(ARM).map(([name, setting]) => [`${letter}.${name}`, setting]);
  const SETTINGS = Object.fromEntries([...Object.entries(SHARED), ...arms("a"), ...arms("b")]);
  const inner = (setup, name) => (name.includes(".") ? setup[name[0]] : setup);
  const key = name => name.replace(/^[ab]\./, "");
  const get = (setup, name) => inner(setup, name)[key(name)];
  const set = (setup, name, value) => (inner(setup, name)[key(name)] = value);

  const ORIGINAL = { problem: "xor", rows: 1000, irrelevant: 0, noise: 0, layers: 1, epochs: 30, optimiser: "adam",
                     rate: 0.001, batch: 32, seed: 0 };
  const HARD = { ...ORIGINAL, rows: 500, irrelevant: 8, noise: 0.1, epochs: 60, rate: 0.01 };
  const arm = (units, changes = {}) => ({ l2: 0, dropout: 0, decay: 0, units, stopped: 0, ...changes });

  // The stories, by the headings that tell them on the page, and what a reader might ask next.
  const STORIES = {
    "l2-in-the-original": [{ ...ORIGINAL, a: arm(8), b: arm(8, { l2: 0.01 }) },
      "Does a smaller λ cost less? Does it help with 50 rows? With false labels?"],
    "dropout-in-the-original": [{ ...ORIGINAL, a: arm(8), b: arm(8, { dropout: 0.3 }) },
      "And at a smaller rate? With 128 units? With false labels?"],
    "where-l2-helps": [{ ...HARD, a: arm(64), b: arm(64, { l2: 0.01 }) },
      "Take the false labels away, then the irrelevant inputs. Or give it 2000 rows. When is the gain gone?"],
    "eight-units-instead": [{ ...HARD, a: arm(8), b: arm(64, { l2: 0.01 }) },
      "Stop A in time as well: what is left of the gain?"],
    "stopped-in-time": [{ ...HARD, a: arm(64, { stopped: 1 }), b: arm(64, { l2: 0.01 }) },
      "Stop B in time, too. Or give both 2000 rows."],
  };
  const story = id => structuredClone(STORIES[id][0]), FIRST = Object.keys(STORIES)[0];

  /** The story that a set-up tells, whatever its seeds; undefined where it tells none. */
  const toldBy = setup =>
    Object.keys(STORIES).find(id => address({ ...story(id), seed: setup.seed }) === address(setup));

  const address = setup =>
    "#" + [...Object.keys(SETTINGS), "seed"].map(name => `${name}=${get(setup, name)}`).join("&");

  /** The set-up of an address, and a sentence for each thing in it that can't be; null where it is of a heading. */
  function read(hash) {
    const id = hash.slice(1) || FIRST, troubles = [];
    if (id in STORIES) return { setup: story(id), troubles };
    if (!id.includes("=")) return null;
    const setup = story(FIRST);
    for (const [name, text] of new URLSearchParams(id)) {
      if (name === "seed" ? /^\d{1,6}$/.test(text) : SETTINGS[name]?.places.map(String).includes(text)) {
        set(setup, name, typeof get(setup, name) === "number" ? Number(text) : text);
      } else if (name === "seed" || name in SETTINGS) {
        const can = name === "seed" ? "a whole number up to 999999" : SETTINGS[name].places.join(", ");
        troubles.push(`In the address ${name} is “${text}”; it can be ${can}. ${get(setup, name)} is taken instead.`);
      } else troubles.push(`The address names “${name}”, which is no setting here; it is left out.`);
    }
    return { setup, troubles };
  }

  /** What A and B are called, as the chapters call them; with the width where it differs. */
  function namesOf({ a, b }) {
    return [[a, b], [b, a]].map(([own, other]) => [
      [own.l2 && `l2(${own.l2})`, own.dropout && `Dropout(${own.dropout})`, own.decay && `decay ${own.decay}`]
        .filter(Boolean).join(", ") || "plain",
      own.units !== other.units && `${own.units} units`,
      own.stopped && "stopped",
    ].filter(Boolean).join(", "));
  }

  const summary = ({ problem, rows, irrelevant, noise, layers, epochs }) =>
    `${PROBLEMS[problem]}, ${rows} rows, ${irrelevant} irrelevant inputs, ${percent(noise)} false labels; ` +
    `${layers === 1 ? "one hidden layer" : "two hidden layers"}, ${epochs} epochs`;

  /** The same comparison for the course's own package, which knows one of the problems. */
  function python(setup) {
    if (setup.problem !== "xor") return "# The course's package draws noisy XOR only: choose that problem to copy it.";
    const { a, b, seed, optimiser, rate } = setup;
    const given = ({ units, l2, dropout, decay }) =>
      `{"units": ${units}, "strength": ${l2}, "rate": ${dropout}, "decay": ${decay}}`;
    const method = optimiser === "adam" ? `Adam(${rate}` : `SGD(${rate}, momentum=0.9`;
    const one = given(a) === given(b);  // the arms are two readings of one setting
    const chosen = (letter, { stopped }) =>
      `"${letter}": runs.choose("${one ? "A" : letter}"${stopped ? ", stopped=True" : ""})`;
    return `import regbook as rb

rb.reproducible(0)

import keras
from keras import layers
from keras.regularizers import l2


def network(units, strength, rate, decay):
    model = keras.Sequential([keras.Input((${2 + setup.irrelevant},))])
    for _ in range(${setup.layers}):
        model.add(layers.Dense(units, "relu", kernel_regularizer=l2(strength)))
        model.add(layers.Dropout(rate))
    model.add(layers.Dense(1, "sigmoid", kernel_regularizer=l2(strength)))
    optimiser = keras.optimizers.${method}, weight_decay=decay)
    model.compile(optimiser, "binary_crossentropy")
    return model


data = rb.noisy_xor(rows=${setup.rows}, irrelevant=${setup.irrelevant}, label_noise=${setup.noise},
                    seeds=range(${seed}, ${seed + PAIRS}))
runs = rb.experiment(network, {
    "A": ${given(a)},${one ? "" : `\n    "B": ${given(b)},`}
}, data, epochs=${setup.epochs}, batch_size=${setup.batch})
scores = runs.open_test({
    ${chosen("A", a)},
    ${chosen("B", b)},
})
scores.compare("B", "A")`;
  }

  return { PAIRS, SHARED, ARM, SETTINGS, STORIES, get, set, story, toldBy, address, read, namesOf, summary, python };
})();
