"""Maps of surprise: each token's bits in its place."""

import numpy as np
import pytest

from pixace import tokenizers
from pixace.evaluation import surprise


def nats(tokenizer, count=2):
    return np.arange(count * tokenizer.length, dtype=np.float32).reshape(count, -1)


@pytest.mark.parametrize("order", ["raster", "column", "hilbert"])
def test_each_token_is_where_its_pixel_is(order):
    tokenizer = tokenizers.by_spec(f"pixel size=4x6 colors=grey:4 order={order}")
    bits = surprise.maps(nats(tokenizer), tokenizer)
    assert bits.shape == (2, 6, 4) if tokenizer.size == (6, 4) else bits.shape == (2, 4, 6)
    values = np.linspace(0, 255, 4).round().astype(np.uint8)
    marked = np.full((1, *tokenizer.size, 3), values[0])
    marked[0, 2, 3] = values[3]
    (place,) = np.flatnonzero(tokenizer.encode(marked)[0] == tokenizer.encode(marked)[0].max())
    assert bits[0, 2, 3] == pytest.approx(place / np.log(2))
    assert bits.sum() == pytest.approx(nats(tokenizer).sum() / np.log(2))


def test_more_bits_are_lighter():
    shades = surprise.colored(np.linspace(0, 1.2, 61).reshape(1, 1, -1)).astype(int)
    light = shades[0, 0] @ [2, 5, 1]
    assert (np.diff(light[:51]) > 0).all()
    assert (shades[0, 0, 51:] == shades[0, 0, 50]).all()
    assert (shades[0, 0, 0] == 0).all()


def test_pictures_stand_above_their_maps():
    pictures = np.full((3, 4, 4, 3), 77, np.uint8)
    bits = np.zeros((3, 4, 4))
    bits[1] = 5
    shown = surprise.figure(pictures, bits)
    grey = (shown == 77).all(-1)
    lightest = (shown == surprise.COLORS[-1]).all(-1)
    assert lightest.any()
    assert np.nonzero(grey)[0].max() < np.nonzero(lightest)[0].min()
    columns = [np.nonzero(grey.any(0))[0], np.nonzero(lightest.any(0))[0]]
    assert len(columns[0]) == 3 * len(columns[1])
    assert columns[0].min() < columns[1].min() < columns[1].max() < columns[0].max()
