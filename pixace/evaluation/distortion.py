"""How far decoded pictures are from the originals."""

import math

SMALLEST = 1e-12  # a squared error that stands for none at all, so that figures are finite


def psnr(squared_error: float, peak: float) -> float:
    """Peak signal-to-noise ratio in dB, finite.

    Args:
      squared_error: mean over pixels and channels.
      peak: the difference of white and black.
    """
    return 10 * math.log10(peak**2 / max(squared_error, SMALLEST))
