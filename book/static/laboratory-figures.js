// The laboratory's pictures. They take their inks from the style sheet, so they follow light and dark.
"use strict";

const laboratoryFigures = (() => {
  const svg = (width, height, label, inside) =>
    `<svg class="lab-picture" viewBox="0 0 ${width} ${height}" role="img" aria-label="${label}">${inside}</svg>`;
  const figure = (picture, caption) => `<figure>${picture}<figcaption>${caption}</figcaption></figure>`;

  /** Mean accuracies by epoch of A and B. */
  function curves(a, b, title) {
    const low = Math.floor(10 * Math.min(0.9, ...a, ...b)) / 10, last = a.length - 1;
    const x = epoch => 48 + 238 * epoch / last, y = share => 165 - 150 * (share - low) / (1 - low);
    const apart = Math.max(0, 14 - Math.abs(y(a[last]) - y(b[last]))) / 2;  // so that the letters don't overlap
    const line = (letter, shares, shift) => `<path class="lab-line-${letter}" d="M${
      shares.map((share, epoch) => `${x(epoch).toFixed(1)} ${y(share).toFixed(1)}`).join("L")}"/>
      <text class="lab-end-${letter}" x="290" y="${y(shares[last]) + 4 + shift}">${letter.toUpperCase()}</text>`;
    const up = a[last] > b[last] ? apart : -apart, percent = share => `${(100 * share).toFixed(1)} %`;
    const label = `${title}: A ends at ${percent(a[last])}, B at ${percent(b[last])}`;
    return figure(svg(310, 192, label, `<path class="lab-axis" d="M48 10V165H290"/>
      <text x="42" y="19" text-anchor="end">100 %</text>
      <text x="42" y="168" text-anchor="end">${Math.round(100 * low)} %</text>
      <text x="286" y="185" text-anchor="end">epoch ${last + 1}</text>
      ${line("a", a, -up)}${line("b", b, up)}`), label);
  }

  const scaled = coordinate => (150 + 60 * coordinate).toFixed(1);

  /** Where networks change their mind, over dots with their labels: squares are 1, rounds 0. */
  function borders(fields, rows, title) {
    const labels = [0, 1].map(kind => `<path class="lab-label-${kind}" d="${rows.filter(([, , label]) => label === kind)
      .map(([x, y]) => `M${scaled(x)} ${scaled(-y)}h0`).join("")}"/>`);
    const lines = fields.map(field => `<path class="lab-border" d="${border(field)}"/>`);
    return figure(svg(300, 300, title, labels.join("") + lines.join("")), title);
  }

  /** The path along which a field on a square grid is 0: through each cell, from edge to edge. */
  function border(field) {
    const side = Math.sqrt(field.length), at = n => 5 * n / (side - 1) - 2.5;
    let path = "";
    for (let j = 0; j + 1 < side; j++) {
      for (let i = 0; i + 1 < side; i++) {
        const corners = [[i, j], [i + 1, j], [i + 1, j + 1], [i, j + 1]];
        const ends = corners.flatMap(([i1, j1], n) => {
          const [i2, j2] = corners[(n + 1) % 4], from = field[j1 * side + i1], to = field[j2 * side + i2];
          const share = from / (from - to), x = at(i1 + share * (i2 - i1)), y = at(j1 + share * (j2 - j1));
          return from > 0 === to > 0 ? [] : `${scaled(x)} ${scaled(-y)}`;
        });
        for (let n = 0; n < ends.length; n += 2) path += `M${ends[n]}L${ends[n + 1]}`;
      }
    }
    return path;
  }

  return { curves, borders };
})();
