"""One job: a figure with a knob, which turns in the rendered page as well: no kernel, no network, no library."""

import html
import io
import re

import matplotlib.pyplot as plt

# A few lines of the page's own script: show the frame of the slider's place, and say its value.
_SCRIPT = """
(() => {
  const knob = document.getElementById("%s");
  const slider = knob.querySelector("input"), said = knob.querySelector("output");
  const frames = knob.querySelectorAll(".knob-frame");
  const turn = () => {
    frames.forEach((frame, i) => { frame.hidden = i != slider.value; });
    said.textContent = frames[slider.value].dataset.says;
    slider.setAttribute("aria-valuetext", said.textContent);
  };
  slider.addEventListener("input", turn);
  slider.addEventListener("keydown", event => event.stopPropagation());  // or JupyterLab takes the focus away
  knob.querySelector(".knob-turn").hidden = false;
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
        self.frames = [_frame(draw, value, f"{name}-{place}") for place, value in enumerate(values)]

    def __repr__(self):
        """What is compared when the notebook is checked, and read where no HTML is shown."""
        return "\n".join([f"{self.label}:", *(says for _, says in self.frames)])

    def _repr_html_(self):
        name, say = f"knob-{self.name}", html.escape
        frames = "\n".join(
            f'<div class="knob-frame" data-says="{say(says)}"{"" if place == self.start else " hidden"}>{svg}</div>'
            for place, (svg, says) in enumerate(self.frames)
        )
        rows = "".join(f"<li>{say(says)}</li>" for _, says in self.frames)
        # JupyterLab would take some keys for itself without that attribute of its own.
        return f"""<figure class="knob" id="{name}" data-lm-suppress-shortcuts="true">
{frames}
<div class="knob-turn" hidden>
<label for="{name}-slider">{say(self.label)}</label>
<input type="range" id="{name}-slider" min="0" max="{len(self.frames) - 1}" step="1" value="{self.start}">
<output for="{name}-slider"></output>
</div>
<figcaption>{say(self.caption)}</figcaption>
<details><summary>All places of the slider in words</summary><ul>{rows}</ul></details>
</figure>
<script>{_SCRIPT % name}</script>"""


def _frame(draw, value, salt):
    """(SVG, words) of one place of the slider. The same figure gives the same text on every machine."""
    with plt.rc_context({"svg.fonttype": "none", "svg.hashsalt": salt}):
        says = draw(value)
        figure = plt.gcf()
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
        plt.close(figure)
    svg = re.search(r"<svg.*</svg>", text.getvalue(), re.DOTALL).group()
    svg = re.sub(r"<!--.*?-->|<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    # A tenth of a pixel is enough, and the same wherever the last bits of the coordinates differ.
    svg = re.sub(
        r'\b(d|x|y|points|transform)="[^"]*"',
        lambda attribute: re.sub(r"-?\b\d+\.\d+", lambda number: f"{float(number.group()):.1f}", attribute.group()),
        svg,
    )
    # Text takes the page's own font; groups need no names, which would be there once in every frame.
    svg = re.sub(r'font-family: [^;"]*;? ?| transform="rotate\(-0 [^"]*"|(?<=<g) id="[^"]*"', "", svg)
    svg = re.sub(r"\s*\n\s*", " ", svg)
    return svg.replace(
        "<svg ", f'<svg role="img" aria-label="{html.escape(says)}" style="max-width: 100%; height: auto" ', 1
    ), says
