"""A figure with a knob, which turns in the rendered page as well: no kernel, no network, no library."""

import base64
import html
import json
import re

import matplotlib.pyplot as plt

from regbook.figures.svg import as_svg
from regbook.tables import powers

# A few lines of the page's own script: make the slider and the names of its stops, and show the picture of its place
# and what it says. Where no script runs, the first picture and the list of words remain. The lengths stand here and not
# in a style sheet, since JupyterLab has none of ours: the thumb, 16 pixels wide, stops in the middle of each name.
_SCRIPT = """
(() => {
  const knob = document.getElementById("%(id)s"), frames = %(frames)s, stops = %(stops)s;
  const picture = knob.querySelector("img"), row = knob.querySelector(".knob-turn"), share = 100 / stops.length;
  row.innerHTML = `<label for="%(id)s-slider">%(label)s</label>
    <input type="range" id="%(id)s-slider" min="0" max="${stops.length - 1}" value="%(start)d"
      style="display:block;width:calc(${100 - share}%% + 16px);margin:6px calc(${share / 2}%% - 8px) 2px">
    <div aria-hidden="true" style="display:grid;grid-template-columns:repeat(${stops.length},1fr);text-align:center">
      ${stops.map(stop => `<span>${stop}</span>`).join("")}</div>
    <output for="%(id)s-slider" aria-live="off"></output>`;
  const [, slider, , said] = row.children;
  const turn = () => {
    const [says, svg] = frames[slider.value];
    if (says != picture.alt) picture.src = "data:image/svg+xml," + encodeURIComponent(svg);  // the first is there
    picture.alt = said.textContent = says;
    slider.setAttribute("aria-valuetext", says);
  };
  slider.addEventListener("input", turn);
  slider.addEventListener("keydown", event => event.stopPropagation());  // or JupyterLab takes the focus away
  turn();
})();
"""


class Knob:
    """A figure that a slider turns, drawn once for each place of the slider.

    name: unique in the course, of letters and hyphens. draw: called with each value, draws one Matplotlib figure and
    gives back what to say of it, in words with numbers: a screen reader hears that, and the list below the figure holds
    it. values: what the slider runs through. label: of the slider. start: the value shown first, and where there is no
    script. caption: below the figure.

    Displayed by Jupyter as the last line of a cell. Raises ValueError for an unknown start or a bad name.
    """

    def __init__(self, name, draw, values, label, start, caption):
        if not re.fullmatch(r"[a-z]+(-[a-z0-9]+)*", name):
            raise ValueError(f"a knob's name is made of small letters and hyphens, not {name!r}")
        values = list(values)
        if start not in values:
            raise ValueError(f"start must be one of the values, not {start!r}")
        self.name, self.label, self.caption = name, label, caption
        self.start = values.index(start)
        names = [value if isinstance(value, str) else powers(value) for value in values]
        every = 1
        while sum(len(name) + 1 for name in names[::every]) > 45:  # no more than fit on a phone
            every += 1
        self.stops = ["" if place % every else name for place, name in enumerate(names)]
        self.frames = [_frame(draw, value) for value in values]

    def __repr__(self):
        """What is compared when the notebook is checked, and read where no HTML is shown."""
        return "\n".join([f"{self.label}:", *(says for _, says in self.frames)])

    def _repr_html_(self):
        name, say = f"knob-{self.name}", html.escape
        svg, says = self.frames[self.start]
        rows = "".join(f"<li>{say(words)}</li>" for _, words in self.frames)
        # Nothing in a script's text may look like its end.
        frames = json.dumps([(words, svg) for svg, words in self.frames], ensure_ascii=False).replace("</", "<\\/")
        stops = json.dumps(list(map(say, self.stops)), ensure_ascii=False)
        script = _SCRIPT % {"id": name, "frames": frames, "stops": stops, "label": say(self.label), "start": self.start}
        picture = "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()
        # JupyterLab would take some keys for itself without that attribute of its own.
        return f"""<figure class="knob" id="{name}" data-lm-suppress-shortcuts="true">
<img src="{picture}" alt="{say(says)}">
<div class="knob-turn"></div>
<figcaption>{say(self.caption)}</figcaption>
<details><summary>All slider positions as text</summary><ul>{rows}</ul></details>
</figure>
<script>{script}</script>"""


def _frame(draw, value):
    """(SVG, words) of one place of the slider. The same figure gives the same text on every machine."""
    says = draw(value)
    svg = as_svg(plt.gcf())
    plt.close()
    return svg, says
