"""How often each id occurs among the pictures that a model learns from."""

import numpy as np
from jaxtyping import Float

from pixace.data.shards import Split
from pixace.spacing import evenly

AT_MOST = 1 << 24  # tokens counted: some seconds of a large set
AT_ONCE = 256  # rows


def log_frequencies(split: Split, vocab_size: int) -> Float[np.ndarray, " vocab"]:
    """The natural logarithm of each id's share of the tokens, each counted once more than it is.

    Args:
      split: rows; of a large set some, evenly spread.
      vocab_size: how many ids there are.

    Returns:
      Float32; an id that never occurs is as likely as half of one that occurs once.
    """
    counts = np.ones(vocab_size)
    rows = evenly(len(split), max(1, AT_MOST // split.length))
    for start in range(0, len(rows), AT_ONCE):
        tokens = split.rows(rows[start : start + AT_ONCE])
        counts += np.bincount(tokens.ravel(), minlength=vocab_size)
    return np.log(counts / counts.sum()).astype(np.float32)
