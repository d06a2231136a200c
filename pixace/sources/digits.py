"""The handwritten digits that come with scikit-learn."""

import functools

import numpy as np

from pixace.sources.arrays import ArrayPictures, ArrayRows, open_rows


def open_digits() -> ArrayRows:
    """The 1,797 handwritten digits of scikit-learn, 8x8, grey; labels 0..9.

    Source: Alpaydin and Kaynak 1998, "Optical Recognition of Handwritten Digits", UCI Machine
    Learning Repository; these are its test pictures.
    """
    return open_rows("digits", _digits, "scikit-learn digits")


@functools.cache
def _digits() -> ArrayPictures:
    from sklearn.datasets import load_digits

    data = load_digits()
    # The pictures count the inked pixels in blocks of 4x4: 0..16.
    images = np.rint(data.images * (255 / 16)).astype(np.uint8)
    return ArrayPictures(images, tuple(str(digit) for digit in data.target))
