"""Which pixels the first tokens of a picture stand for."""

import numpy as np
import pytest

from pixace import colors
from pixace.sampling.cut import kept_pixels
from pixace.tokenizers.pixel import PixelTokenizer
from pixace.tokenizers.vq import VQTokenizer, digest


@pytest.mark.parametrize("order", ["raster", "column", "patch:2"])
def test_kept_pixels_are_those_that_are_not_blank_after_the_cut(order):
    tokenizer = PixelTokenizer((4, 6), colors.by_spec("grey:24"), order)
    pixels = np.full((1, 4, 6, 3), 255, np.uint8)
    for cut in (0, 1, 7, 24):
        tokens = tokenizer.encode(pixels)
        tokens[:, cut:] = 2  # black
        white = tokenizer.decode(tokens)[0, ..., 0] == 255
        np.testing.assert_array_equal(kept_pixels(tokenizer, cut), white)


def test_a_code_stands_for_a_square():
    arrays = {"codes": np.eye(16, 4, dtype=np.float32)}
    tokenizer = VQTokenizer((8, 12), 4, 16, 3, 1, 0, 4, "raster", digest(arrays), arrays)
    kept = kept_pixels(tokenizer, 4)
    assert kept[:4].all()
    assert kept[4:, :4].all()
    assert kept.sum() == 4 * 16
