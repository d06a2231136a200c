"""Names of the array types that cross files, said once: those that live in NumPy.

The axis words are: `n` pictures, `height`, `width`, `length` tokens of one picture, `words` tokens
in front of it. Types that live on the device are in `device_arrays.py`, so that reading pictures
does not import JAX.
"""

from jaxtyping import Int, Int32, UInt8
from numpy import ndarray

Image = UInt8[ndarray, "height width 3"]
Pixels = UInt8[ndarray, "height width channels"]  # an image, or with transparency in a fourth
Images = UInt8[ndarray, "n height width 3"]
Tokens = Int32[ndarray, "n length"]
PrefixIds = Int32[ndarray, "texts words"]
Ids = Int[ndarray, "..."]
