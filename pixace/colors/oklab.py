"""OKLab: a space of colours in which equal distances look about equally large.

    (l, m, s) = cube roots of (A x linear RGB),   (L, a, b) = B x (l, m, s)

L runs from 0 (black) to 1 (white); greys have a = b = 0.

Source: B. Ottosson 2020, "A perceptual color space for image processing",
https://bottosson.github.io/posts/oklab/; IEC 61966-2-1 (the curve of sRGB).
"""

import numpy as np

LMS_OF_RGB = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
LAB_OF_LMS = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
RGB_OF_LMS, LMS_OF_LAB = np.linalg.inv(LMS_OF_RGB), np.linalg.inv(LAB_OF_LMS)


def from_rgb(pixels: np.ndarray) -> np.ndarray:
    """SRGB uint8 (..., 3) to OKLab float64 (..., 3)."""
    x = np.asarray(pixels) / 255
    linear = np.where(x <= 0.04045, x / 12.92, ((x + 0.055) / 1.055) ** 2.4)
    return np.cbrt(linear @ LMS_OF_RGB.T) @ LAB_OF_LMS.T


def to_rgb(lab: np.ndarray) -> np.ndarray:
    """OKLab (..., 3) to the nearest sRGB uint8 (..., 3); colours outside sRGB are clipped."""
    linear = ((lab @ LMS_OF_LAB.T) ** 3 @ RGB_OF_LMS.T).clip(0, 1)
    x = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.rint(255 * x).astype(np.uint8)
