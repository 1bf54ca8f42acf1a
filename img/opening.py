"""Draw the first picture of the welcome page at its best position: `python img/opening.py`.

book/static/opening.js draws the same, and every other position; a test compares the two.
"""

from pathlib import Path

import numpy as np

STILL = Path(__file__).with_name("opening.svg")
POWERS, POSITIONS = 11, 100
# Twelve points that the curve sees, and forty that it does not, around one wave.
SEEN = np.linspace(-1, 1, 12)
UNSEEN = -1 + 2 * (np.arange(40) + 0.5) / 40
NOISE = np.array([50, -38, 20, -5, 14, -30, 10, -22, 12, -12, 30, -10]) / 100
INKS = {"mute": ("#6b7280", "#9aa4ad"), "ink": ("#1b1f24", "#eceff1")}
INKS |= {"bad": ("#b34700", "#ff8f4d"), "good": ("#0072b2", "#56a9e0")}


def wave(x):
    return 0.9 * np.sin(3 * x)


TARGETS = wave(SEEN) + NOISE
OTHERS = wave(UNSEEN) + 0.26 * np.sin(7.3 * np.arange(40) + np.arange(40) ** 2)


def price(position):
    """What bending costs: nothing at position 0, then up to some thousands."""
    return 10 ** (0.08 * position - 4.2) if position else 0.0


def curve(position):
    """The polynomial of degree 11 that fits the twelve points at this price of bending."""
    powers = np.polynomial.chebyshev.chebvander(SEEN, POWERS)
    bends = np.append(0, np.arange(1, POWERS + 1) ** 4.0)
    system = powers.T @ powers + price(position) / 60 * np.diag(bends)
    return np.polynomial.Chebyshev(np.linalg.solve(system, powers.T @ TARGETS))


def errors(position):
    """The mean squared error on the points that the curve saw, and on those that it did not."""
    fitted = curve(position)
    return [np.mean((fitted(x) - y) ** 2) for x, y in ((SEEN, TARGETS), (UNSEEN, OTHERS))]


def best():
    return min(range(POSITIONS + 1), key=lambda position: errors(position)[1])


def spots(x, y):
    """Places in the picture, in tenths of a pixel, as a path knows them."""
    places = zip(20 + 340 * (x + 1), np.clip(160 - 95 * y, -99, 420))
    return [f"{across:.1f} {down:.1f}" for across, down in places]


def drawn(position):
    """The curve, the wave that nobody knows, dots that it saw and rings that it did not."""
    x = np.linspace(-1, 1, 201)
    ink = "good" if abs(position - best()) <= 12 else "bad"
    colours = [
        "".join(f".{name}{{stroke:{inks[way]}}}" for name, inks in INKS.items()) for way in (0, 1)
    ]
    paths = [
        ("M" + "L".join(spots(x, wave(x))), "mute", 'stroke-width="2" stroke-dasharray="1 7"'),
        ("".join(f"M{spot}h0" for spot in spots(UNSEEN, OTHERS)), "mute", 'stroke-width="5"'),
        ("M" + "L".join(spots(x, curve(position)(x))), ink, 'stroke-width="4"'),
        ("".join(f"M{spot}h0" for spot in spots(SEEN, TARGETS)), "ink", 'stroke-width="14"'),
    ]
    inside = "".join(f'<path d="{d}" class="{kind}" {rest}/>' for d, kind, rest in paths)
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 320" width="720" height="320">'
        f"<style>path{{fill:none;stroke-linecap:round;stroke-linejoin:round}}{colours[0]}"
        f"@media(prefers-color-scheme:dark){{{colours[1]}}}</style>{inside}</svg>\n"
    )


if __name__ == "__main__":
    STILL.write_text(drawn(best()), encoding="utf-8")
    print(best(), errors(0), errors(best()), errors(100))
