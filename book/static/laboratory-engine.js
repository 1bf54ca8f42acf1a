// Draws data, trains small networks step by step as Keras does, and says how often they are right.
// All of it stands in one function, because a worker is started from the text of that function.
"use strict";

function laboratoryEngine() {
  // ---- Numbers. e^x and log x come from sums and products alone, so every browser finds the same digits.

  const LN2_HIGH = 6.93147180369123816490e-1, LN2_LOW = 1.90821492927058770002e-10;
  const INVERSE = Array.from({ length: 15 }, (_, n) => 1 / n);
  const HALVES = [1];
  while (HALVES.length < 1075) HALVES.push(HALVES[HALVES.length - 1] / 2);

  /** e^-x, for x ≥ 0. */
  function expOfMinus(x) {
    if (!(x < 700)) return x >= 700 ? 0 : NaN;
    const halvings = (x / Math.LN2 + 0.5) | 0;
    const rest = halvings * LN2_HIGH - x + halvings * LN2_LOW;
    let sum = 1;
    for (let n = 14; n > 0; n--) sum = 1 + rest * INVERSE[n] * sum;
    return sum * HALVES[halvings];
  }

  function log(x) {
    let doublings = 0;
    for (; x < 0.7; doublings--) x *= 2;
    for (; x > 1.4; doublings++) x /= 2;
    const s = (x - 1) / (x + 1), square = s * s;
    let sum = 0;
    for (let n = 23; n > 0; n -= 2) sum = 1 / n + square * sum;
    return 2 * s * sum + doublings * LN2_LOW + doublings * LN2_HIGH;
  }

  /** [cos, sin] of an angle: of a 64th of it by its power series, then doubled six times. */
  function turn(angle) {
    const a = angle / 64, square = a * a;
    let cos = 1 - square / 2 * (1 - square / 12 * (1 - square / 30 * (1 - square / 56)));
    let sin = a * (1 - square / 6 * (1 - square / 20 * (1 - square / 42 * (1 - square / 72))));
    for (let n = 0; n < 6; n++) [cos, sin] = [cos * cos - sin * sin, 2 * cos * sin];
    return [cos, sin];
  }

  /** A function that draws numbers from 0 to 1, other ones for each seed and stream (Chris Doty-Humphrey's sfc32). */
  function uniform(seed, stream) {
    let a = seed | 0, b = stream | 0, c = 0x9e3779b9 | 0, count = 1;
    const next = () => {
      const sum = (a + b + count++) | 0;
      a = b ^ (b >>> 9);
      b = (c + (c << 3)) | 0;
      c = ((c << 21 | c >>> 11) + sum) | 0;
      return ((sum >>> 0) + 0.5) / 4294967296;
    };
    for (let n = 0; n < 20; n++) next();
    return next;
  }

  /** A function that draws normal numbers, by Marsaglia's polar method. */
  function normal(random) {
    let spare = null;
    return () => {
      if (spare !== null) {
        const kept = spare;
        spare = null;
        return kept;
      }
      let x, y, size;
      do {
        x = 2 * random() - 1;
        y = 2 * random() - 1;
        size = x * x + y * y;
      } while (size >= 1);
      const stretch = Math.sqrt(-2 * log(size) / size);
      spare = y * stretch;
      return x * stretch;
    };
  }

  function shuffled(rows, random) {
    const order = Int32Array.from({ length: rows }, (_, row) => row);
    for (let left = rows - 1; left > 0; left--) {
      const other = Math.floor(random() * (left + 1));
      [order[left], order[other]] = [order[other], order[left]];
    }
    return order;
  }

  // ---- Data. The inputs are normal numbers in every problem; the rule for label 1 differs, and takes half of them.

  const RULES = {
    xor: (x, y) => x * y > 0,
    rings: (x, y) => Math.abs(x * x + y * y - 1.674) < 1.099,  // between the quartiles of the distance
    spirals: (x, y) => {
      const [cos, sin] = turn(2.5 * Math.sqrt(x * x + y * y));
      return y * cos > x * sin;
    },
    line: (x, y) => x + y > 0,
  };

  function draw(problem, rows, irrelevant, falseShare, random) {
    const inputs = 2 + irrelevant, next = normal(random);
    const x = Float64Array.from({ length: rows * inputs }, next), y = new Float64Array(rows);
    for (let row = 0; row < rows; row++) {
      const label = RULES[problem](x[row * inputs], x[row * inputs + 1]);
      y[row] = label !== random() < falseShare ? 1 : 0;
    }
    return { x, y, rows, inputs };
  }

  /** The three parts of a seed's data. The labels of the test part are never false. */
  function parts({ problem, rows, irrelevant, noise }, seed) {
    return {
      train: draw(problem, rows, irrelevant, noise, uniform(seed, 1)),
      validation: draw(problem, 200, irrelevant, noise, uniform(seed, 2)),
      test: draw(problem, 4000, irrelevant, 0, uniform(seed, 3)),
    };
  }

  // ---- A network. All its weights stand in one row: of each layer the kernel, unit after unit, then the biases.

  function network(inputs, widths) {
    let size = 0;
    const layers = [...widths, 1].map(units => {
      const kernel = size, bias = kernel + inputs * units, layer = { inputs, units, kernel, bias };
      size = bias + units;
      inputs = units;
      return layer;
    });
    const values = () => layers.map(layer => new Float64Array(layer.units));
    return { layers, size, outputs: values(), slopes: values() };
  }

  /** Glorot's uniform weights; a layer's depend on the seed, its place and its shape, so equal layers start equal. */
  function initialWeights({ layers, size }, seed) {
    const weights = new Float64Array(size);
    layers.forEach(({ inputs, units, kernel, bias }, place) => {
      const random = uniform(seed, 10 + place), limit = Math.sqrt(6 / (inputs + units));
      for (let k = kernel; k < bias; k++) weights[k] = limit * (2 * random() - 1);
    });
    return weights;
  }

  /** The sum that the last layer gives for a row, before the sigmoid. Masks: what dropout multiplies each unit by. */
  function forward({ layers, outputs }, weights, x, row, masks) {
    let input = x, start = row * layers[0].inputs;
    for (let place = 0; place < layers.length; place++) {
      const { inputs, units, kernel, bias } = layers[place], output = outputs[place];
      const hidden = place < layers.length - 1, mask = hidden && masks ? masks[place] : null;
      for (let unit = 0; unit < units; unit++) {
        let sum = weights[bias + unit];
        for (let i = 0, k = kernel + unit * inputs; i < inputs; i++) sum += weights[k + i] * input[start + i];
        if (hidden && sum < 0) sum = 0;
        output[unit] = mask ? sum * mask[row * units + unit] : sum;
      }
      input = output;
      start = 0;
    }
    return input[0];
  }

  /** Add to the gradient what one row, just gone forward, contributes; `slope`: of the loss by the last sum. */
  function backward({ layers, outputs, slopes }, weights, gradient, x, row, masks, slope) {
    slopes[layers.length - 1][0] = slope;
    for (let place = layers.length - 1; place >= 0; place--) {
      const { inputs, units, kernel, bias } = layers[place], above = slopes[place];
      const input = place ? outputs[place - 1] : x, start = place ? 0 : row * inputs;
      for (let unit = 0; unit < units; unit++) {
        const own = above[unit];
        if (own === 0) continue;
        gradient[bias + unit] += own;
        for (let i = 0, k = kernel + unit * inputs; i < inputs; i++) gradient[k + i] += own * input[start + i];
      }
      if (place === 0) return;
      const below = slopes[place - 1], mask = masks ? masks[place - 1] : null;
      below.fill(0);
      for (let unit = 0; unit < units; unit++) {
        const own = above[unit];
        if (own === 0) continue;
        for (let i = 0, k = kernel + unit * inputs; i < inputs; i++) below[i] += own * weights[k + i];
      }
      for (let i = 0; i < inputs; i++) {
        if (input[i] === 0) below[i] = 0;  // ReLU let nothing through, or dropout
        else if (mask) below[i] *= mask[row * inputs + i];
      }
    }
  }

  function sigmoid(sum) {
    const small = expOfMinus(Math.abs(sum));
    return (sum < 0 ? small : 1) / (1 + small);
  }

  /** The mean cross-entropy and the share of right labels on the first rows of some data. */
  function measure(net, weights, { x, y }, rows) {
    let loss = 0, right = 0;
    for (let row = 0; row < rows; row++) {
      const sum = forward(net, weights, x, row, null);
      loss += Math.max(sum, 0) - sum * y[row] + log(1 + expOfMinus(Math.abs(sum)));
      right += sum > 0 === y[row] > 0.5 ? 1 : 0;
    }
    return { loss: loss / rows, accuracy: right / rows };
  }

  /** The last sums on an even grid over −2.5 … 2.5 squared, the irrelevant inputs at 0. */
  function field(net, weights, side) {
    const row = new Float64Array(net.layers[0].inputs), at = n => 5 * n / (side - 1) - 2.5;
    return Float32Array.from({ length: side * side }, (_, n) => {
      row[0] = at(n % side);
      row[1] = at(Math.floor(n / side));
      return forward(net, weights, row, 0, null);
    });
  }

  // ---- Training. Where Keras passes a number through 32 bits, so do we: λ, the decay, the momentum, β in its powers.

  const STEPS = {
    adam(size, rate) {
      const mean = new Float64Array(size), square = new Float64Array(size);
      let power1 = 1, power2 = 1;
      return (weights, gradient) => {
        power1 *= Math.fround(0.9);
        power2 *= Math.fround(0.999);
        const pace = rate * Math.sqrt(1 - power2) / (1 - power1);
        for (let k = 0; k < size; k++) {
          const slope = gradient[k];
          mean[k] += (slope - mean[k]) * (1 - 0.9);
          square[k] += (slope * slope - square[k]) * (1 - 0.999);
          weights[k] -= mean[k] * pace / (Math.sqrt(square[k]) + 1e-7);
        }
      };
    },
    sgd(size, rate) {
      const velocity = new Float64Array(size), momentum = Math.fround(0.9);
      return (weights, gradient) => {
        for (let k = 0; k < size; k++) {
          velocity[k] = velocity[k] * momentum - gradient[k] * rate;
          weights[k] += velocity[k];
        }
      };
    },
  };

  /**
   * Train `weights` in place. How: l2, decay, optimiser, rate, epochs, batch. order(epoch): the rows in their order;
   * masks(epoch): null, or for each hidden layer what its units are multiplied by, row by row; after(epoch): called.
   */
  function fit(net, weights, { x, y, rows }, how, order, masks, after) {
    const gradient = new Float64Array(net.size), step = STEPS[how.optimiser](net.size, how.rate);
    const price = 2 * Math.fround(how.l2), shrink = Math.fround(how.decay) * how.rate;
    for (let epoch = 0; epoch < how.epochs; epoch++) {
      const sequence = order(epoch), mask = masks(epoch);
      for (let start = 0; start < rows; start += how.batch) {
        const end = Math.min(start + how.batch, rows);
        gradient.fill(0);
        for (let place = start; place < end; place++) {
          const row = sequence[place], sum = forward(net, weights, x, row, mask);
          backward(net, weights, gradient, x, row, mask, (sigmoid(sum) - y[row]) / (end - start));
        }
        if (price) for (const { kernel, bias } of net.layers)
          for (let k = kernel; k < bias; k++) gradient[k] += price * weights[k];
        if (shrink) for (let k = 0; k < net.size; k++) weights[k] -= weights[k] * shrink;
        step(weights, gradient);
      }
      after(epoch);
    }
  }

  /** Dropout's masks of one epoch; the same draws for every rate, so that two rates drop nearly the same units. */
  function dropoutMasks({ layers }, rate, rows, streams) {
    return layers.slice(0, -1).map(({ units }, place) => {
      const mask = new Float64Array(rows * units), random = streams[place], louder = 1 / (1 - rate);
      for (let k = 0; k < mask.length; k++) mask[k] = random() < rate ? 0 : louder;
      return mask;
    });
  }

  // ---- A pair: two arms of one set-up on one seed. Same rows and order; same initial weights where shapes are equal.

  function arm(setup, own, data, seed) {
    const widths = Array(setup.layers).fill(own.units), net = network(data.train.inputs, widths);
    const weights = initialWeights(net, seed), orders = uniform(seed, 4);
    const streams = widths.map((_, place) => uniform(seed, 20 + place)), { rows } = data.train;
    const curves = { training: [], validation: [] };
    let kept = weights, epoch = setup.epochs, lowest = Infinity, finite = true;
    fit(net, weights, data.train, { ...setup, ...own },
      () => shuffled(rows, orders),
      () => own.dropout ? dropoutMasks(net, own.dropout, rows, streams) : null,
      now => {
        const held = measure(net, weights, data.validation, data.validation.rows);
        finite = finite && Number.isFinite(held.loss);
        curves.training.push(measure(net, weights, data.train, Math.min(rows, 200)).accuracy);
        curves.validation.push(held.accuracy);
        if (own.stopped && held.loss < lowest) {
          lowest = held.loss;
          epoch = now + 1;
          kept = weights.slice();
        }
      });
    return {
      curves, finite, field: field(net, kept, 41), validation: curves.validation[epoch - 1],
      test: measure(net, kept, data.test, data.test.rows).accuracy,  // sealed: the page shows it when asked to
    };
  }

  function pair(setup, seed) {
    const data = parts(setup, seed), { x, y, inputs } = data.train;
    const dots = Array.from(y.subarray(0, 300), (label, row) => [x[row * inputs], x[row * inputs + 1], label]);
    return { seed, dots, a: arm(setup, setup.a, data, seed), b: arm(setup, setup.b, data, seed) };
  }

  return { network, fit, pair };
}
