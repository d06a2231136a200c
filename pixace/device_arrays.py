"""Names of the array types that cross files, said once: those that live on the device.

The axis words are: `batch` rows of one step, `length` tokens of one picture, `vocab` ids.
"""

from jaxtyping import Array, Float, Int32, PRNGKeyArray
from numpy import ndarray

TokenBatch = Int32[Array | ndarray, "batch length"]
Logits = Float[Array, "batch vocab"]
Key = PRNGKeyArray
