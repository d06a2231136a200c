"""The picture of a probe: how often each layer of a model tells the class, beside other ways."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import UInt8
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

from pixace.evaluation.measure import Measure
from pixace.images.collage import MARGIN, TEXT

FINE = 4  # pixels of the drawing for one of the picture, so that lines are smooth
WIDTH, HEIGHT = 640, 360  # pixels
LEFT, BELOW, BESIDE = 56, 48, 120  # pixels of the plane, for words
CURVE, INK, GRID = (30, 90, 190), (0, 0, 0), (225, 225, 225)
LINES = ((200, 90, 20), (110, 110, 110))
STEPS = (0.01, 0.02, 0.05, 0.1, 0.2)  # between two lines of the grid
MOST = 6  # lines of the grid
NUMBERS = 20  # of layers that are written below, at most
DASH = 8  # pixels
CAP = 4  # pixels on either side of an interval's ends


def figure(
    layers: Sequence[Measure], others: Mapping[str, Measure], title: str
) -> UInt8[np.ndarray, "_ _ 3"]:
    """Accuracy over the layers, with intervals, and those of other ways as lines across.

    Args:
      layers: accuracies in [0, 1], from layer 0 on.
      others: the same of at most two other ways, by name.
      title: the model.
    """
    low = min(each.low for each in (*layers, *others.values()))
    high = max(each.high for each in (*layers, *others.values()))
    step = next((each for each in STEPS if (high - low) / each < MOST), STEPS[-1])
    bottom, top = int(low / step) * step, min(1.0, (int(high / step) + 1) * step)
    right, floor, head = WIDTH - BESIDE, HEIGHT - BELOW, 2 * MARGIN + TEXT

    def x(layer: float) -> float:
        return FINE * (LEFT + (right - LEFT) * (layer + 0.5) / len(layers))

    def y(accuracy: float) -> float:
        return FINE * (floor - (floor - head) * (accuracy - bottom) / (top - bottom))

    picture = Pillow.new("RGB", (FINE * WIDTH, FINE * HEIGHT), (255, 255, 255))
    pen, font = ImageDraw.Draw(picture), ImageFont.load_default(FINE * TEXT)
    for mark in np.arange(bottom, top + step / 2, step).tolist():
        pen.line((FINE * LEFT, y(mark), FINE * right, y(mark)), GRID, FINE)
        pen.text((FINE * (LEFT - 6), y(mark)), f"{100 * mark:.0f} %", INK, font, anchor="rm")
    places = _apart([y(each.mean) for each in others.values()], FINE * (TEXT + 2))
    for number, (name, each) in enumerate(others.items()):
        color, place = LINES[number], places[number]
        for begin in range(LEFT + number * DASH, right, 2 * DASH):  # where they meet, both are seen
            to = min(begin + DASH, right)
            pen.line((FINE * begin, y(each.mean), FINE * to, y(each.mean)), color, 2 * FINE)
        pen.text((FINE * (right + 8), place), name, color, font, anchor="lm")
    points = [(x(layer), y(each.mean)) for layer, each in enumerate(layers)]
    pen.line(points, CURVE, 2 * FINE, joint="curve")
    for layer, (each, (across, down)) in enumerate(zip(layers, points, strict=True)):
        pen.line((across, y(each.low), across, y(each.high)), CURVE, FINE)
        for end in (each.low, each.high):
            pen.line((across - FINE * CAP, y(end), across + FINE * CAP, y(end)), CURVE, FINE)
        pen.circle((across, down), FINE * CAP, CURVE)
        if layer % -(-len(layers) // NUMBERS) == 0:
            pen.text((across, FINE * (floor + 6)), str(layer), INK, font, anchor="ma")
    pen.text((FINE * MARGIN, FINE * MARGIN), title, INK, font)
    middle = FINE * (LEFT + right) // 2
    pen.text((middle, FINE * (HEIGHT - MARGIN // 2)), "layer", INK, font, anchor="mb")
    return np.asarray(picture.resize((WIDTH, HEIGHT), Pillow.Resampling.BOX))


def _apart(places: list[float], least: float) -> list[float]:
    """Where two names stand, so that neither covers the other."""
    if len(places) < 2 or abs(places[0] - places[1]) >= least:
        return places
    middle, way = sum(places) / 2, 1 if places[0] > places[1] else -1
    return [middle + way * least / 2, middle - way * least / 2]
