"""Names of the array types that cross files, said once.

The axis words are: `n` pictures, `batch` rows of one step, `height`, `width`, `length` tokens of
one picture, `vocab` ids, `d` features.
"""

from jaxtyping import Array, Float, Int, Int32, PRNGKeyArray, UInt8
from numpy import ndarray

Image = UInt8[ndarray, "height width 3"]
Images = UInt8[ndarray, "n height width 3"]
Tokens = Int32[ndarray, "n length"]
TokenBatch = Int32[Array, "batch length"]
Logits = Float[Array, "batch vocab"]
Ids = Int[ndarray, "..."]
Key = PRNGKeyArray
