// The one drawing of gains, seed by seed, in which right is better. `regbook/figures/strip.py` draws the same, to the
// letter, and says what each measure is; the book puts them into the page.
"use strict";

const strip = (() => {
  const { steps, most, column, dot, row, tallest, bar, many, group, inks } = stripMeasures;
  const round = number => Math.floor(number + 0.5);
  const safe = text => text.replace(/[&<>"']/g, letter =>
    ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;" })[letter]);

  /** [first, last, step] of an axis that holds low … high: few steps of 1, 2 or 5 × 10ⁿ. */
  function scale(low, high) {
    for (let power = 1; ; power *= 10) {
      for (const number of steps) {
        const step = number * power, first = Math.floor(low / step), last = Math.ceil(high / step);
        if (last - first <= most) return [first * step, Math.max(last, first + 1) * step, step];
      }
    }
  }

  /** Where a value stands on an axis, in whole hundredths of it. */
  const place = (value, [first, last]) => Math.min(Math.max(round(100 * (value - first) / (last - first)), 0), 100);

  /** A dot per seed, or, where there are many, one for five seeds that follow each other. */
  function grouped(gains) {
    const values = [...gains].sort((one, other) => one - other), groups = [];
    if (values.length <= many) return values;
    for (let start = 0; start < values.length; start += group) groups.push(values.slice(start, start + group));
    return groups.map(inside => round(inside.reduce((sum, one) => sum + one, 0) / inside.length));
  }

  /** The numbers below an axis, one in the middle of each of as many columns. */
  function marks([first, last, step], unit, sign) {
    const texts = [];
    for (let number = first; number <= last; number += step) {
      const value = sign * number;
      texts.push(`<span>${value < 0 ? "−" : value > 0 ? "+" : ""}${Math.abs(value) / unit}</span>`);
    }
    return `<div class="marks" style="display:grid;grid-template-columns:repeat(${texts.length},1fr);text-align:center">${
      texts.join("")}</div>`;
  }

  const path = (d, ink, width) => d && `<path d='${d}' class='${ink}' stroke-width='${width}'/>`;

  function grid(axis, height) {
    let faint = "";
    for (let number = axis[0]; number <= axis[1]; number += axis[2]) {
      if (number) faint += `M${place(number, axis)} 0V${height}`;
    }
    return path(faint, "grid", 1) + path(`M${place(0, axis)} 0V${height}`, "grey", 1);
  }

  function image(inside, [first, last, step], height) {
    const margin = round(50 * step / (last - first)), used = Object.keys(inks).filter(ink => inside.includes(`'${ink}'`));
    const colours = which => used.map(ink => `.${ink}{stroke:${inks[ink][which]}}`).join("");
    const svg = `<svg xmlns='http://www.w3.org/2000/svg' viewBox='-${margin} 0 ${100 + 2 * margin} ${height}'` +
      ` preserveAspectRatio='none'><style>path{fill:none;stroke-linecap:round;vector-effect:non-scaling-stroke}` +
      `${colours(0)}@media(prefers-color-scheme:dark){${colours(1)}}</style>${inside}</svg>`;
    const text = svg.replace(/[%#<>]/g, encodeURIComponent);
    return `<img alt="" src="data:image/svg+xml,${text}" style="display:block;width:100%;height:${height}px">`;
  }

  /** HTML: a dot per seed, right of the line where names[1] was better, and the interval of the mean, where ends are given. */
  function draw(gains, ends, unit, sign, names) {
    const dots = grouped(gains), reach = Math.max(0, ...[...gains, ...(ends ?? [])].map(Math.abs));
    const axis = scale(-reach, reach), columns = new Map(), kinds = { "-1": "", 0: "", 1: "" };
    for (const gain of dots) {
      const at = column * round(place(gain, axis) / column);
      columns.set(at, [...(columns.get(at) ?? []), gain]);
    }
    const highest = Math.max(1, ...[...columns.values()].map(inside => inside.length));
    const rise = Math.min(row, tallest / highest), bottom = round(rise * (highest - 1)) + dot + 2;
    const height = ends ? bottom + 12 : bottom;
    for (const [at, inside] of columns) {
      inside.forEach((gain, place) =>
        (kinds[Math.sign(gain)] += `M${at} ${round(10 * (bottom - dot / 2 - 1 - rise * place)) / 10}h0`));
    }
    let inside = grid(axis, height) + path(`M0 ${bottom}H100`, "grey", 1) + path(kinds[-1], "ink", dot) +
      path(kinds[-1], "paper", dot - 3) + path(kinds[0], "grey", dot - 2) + path(kinds[1], "ink", dot);
    if (ends) {
      const [left, right, middle] = [...ends, (ends[0] + ends[1]) / 2].map(end => place(end, axis));
      inside += path(`M${left} ${bottom + 7}H${right}`, "ink", bar) + path(`M${middle} ${bottom + 3}v8`, "ink", bar);
    }
    const words = [`← ${safe(names[0])} better ○`, `● ${safe(names[1])} better →`];
    if (dots.length < gains.length) words.splice(1, 0, `a dot is ${group} seeds`);
    return `<div class="strip"><div style="display:flex;justify-content:space-between;gap:1em">${
      words.map(text => `<span>${text}</span>`).join("")}</div>${image(inside, axis, height)}${marks(axis, unit, sign)}</div>`;
  }

  return { draw, scale, place };
})();
