"""Codebooks as tokenizers: one in numbers of half the size is another, if only just."""

import numpy as np
import pytest

from pixace.errors import TokenError
from pixace.models.vqvae import Network
from pixace.tokenizers.vq import VQTokenizer, digest


@pytest.fixture(scope="module")
def codebook():
    import jax

    network = Network(4, 3, 8, 1, 4)
    from pixace.storage import pytrees

    arrays = pytrees.flatten(network.init(jax.random.key(0)))
    arrays = {name: np.array(each, np.float32) for name, each in arrays.items()}
    arrays["codes"] = np.random.default_rng(0).normal(size=(16, 4)).astype(np.float32)
    return VQTokenizer((8, 8), 4, 16, 3, 8, 1, 4, "raster", digest(arrays), arrays)


def test_a_halved_codebook_loses_nothing_more_when_it_is_written_in_halves(codebook):
    half = codebook.halved()
    assert half.id != codebook.id
    assert half.arrays.keys() == codebook.arrays.keys()
    for name, each in half.arrays.items():
        assert each.dtype == np.float32
        np.testing.assert_array_equal(each, each.astype(np.float16))
        np.testing.assert_allclose(each, codebook.arrays[name], rtol=1e-3, atol=1e-6)
    assert half.halved().id == half.id
    again = VQTokenizer((8, 8), 4, 16, 3, 8, 1, 4, "raster", half.id, half.arrays)
    assert again.spec == half.spec


def test_other_arrays_than_the_ids_are_refused(codebook):
    with pytest.raises(TokenError, match="is missing or has changed"):
        VQTokenizer((8, 8), 4, 16, 3, 8, 1, 4, "raster", codebook.id, codebook.halved().arrays)
