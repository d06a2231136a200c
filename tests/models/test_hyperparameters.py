"""How much a model takes at least, known before it is built."""

import math

import pytest

from pixace import models
from pixace.errors import ConfigError

SIZES = {"d_model": 8, "d_ff": 12, "n_layers": 2, "n_heads": 2}


@pytest.mark.parametrize("kind", models.KINDS)
@pytest.mark.parametrize("positions", ["learned", "axial"])
@pytest.mark.parametrize("prefix", [0, 3])
@pytest.mark.parametrize("more", [{}, {"attention": "lsh", "attention_settings": {"chunk_len": 3}}])
def test_weights_of_a_model_are_enough_for_it_and_half_of_them_are_not(
    kind, positions, prefix, more
):
    if more and kind != "reformer":
        pytest.skip("an attention of Reformers")
    words = {"prefix": prefix, "words": 5 if prefix else 0}
    given = {**SIZES, **words, "positions": positions, **more}
    built = models.build(kind, 9, 15 + prefix, (3, 5), **given)
    numbers = sum(math.prod(each.shape) for each in built.shapes.values())
    assert models.build(kind, 9, 15 + prefix, (3, 5), numbers=numbers, **given) == built
    with pytest.raises(ConfigError, match="numbers or more, and there are"):
        models.build(kind, 9, 15 + prefix, (3, 5), numbers=numbers // 2, **given)
