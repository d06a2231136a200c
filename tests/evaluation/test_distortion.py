"""Distortion: the formula, whatever the range of the pixels."""

import pytest

from pixace.evaluation.distortion import psnr


def test_psnr_is_that_of_the_formula_and_of_no_range():
    assert psnr(1.0, 255) == pytest.approx(48.1308, abs=1e-4)  # off by one of 255 everywhere
    assert psnr((2 / 255) ** 2, 2.0) == pytest.approx(psnr(1.0, 255))
    assert psnr(0.0, 255) < float("inf")
