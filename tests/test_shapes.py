"""What signatures say of shapes and dtypes is checked at every call while tests run."""

import jax.numpy as jnp
import pytest
from jaxtyping import TypeCheckError

from pixace.layers.matmul import affine
from pixace.models.vector_quantizer import nearest
from pixace.sampling.next_token import draw
from pixace.training.lm_step import first_state


@pytest.mark.parametrize(
    "call",
    [
        lambda: affine(jnp.ones((2, 3)), jnp.ones((4, 5))),
        lambda: nearest(jnp.ones((4, 3)), jnp.ones((5, 2))),
        lambda: nearest(jnp.ones((4, 3)), jnp.ones((5, 3), jnp.int32)),
        lambda: draw(jnp.ones((2, 3)), jnp.ones(3), temperature=jnp.ones(2)),
        lambda: first_state(None, None, None),
    ],
    ids=["layers", "models", "dtype", "sampling", "training"],
)
def test_a_call_that_breaks_its_signature_is_an_error(call):
    with pytest.raises(TypeCheckError):
        call()
