"""Drawing after words: what a picture depends on, what guidance does, and that words stay words."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from stirred import stirred

from pixace import colors
from pixace.errors import PixaceError
from pixace.models import modern, reformer, transformer
from pixace.sampling import token_sampler as module
from pixace.sampling.sampler import Sampler, SamplingSettings
from pixace.tokenizers.pixel import PixelTokenizer

WORDS, PREFIX = 5, 3


def built(kind, positions):
    tokenizer = PixelTokenizer((3, 5), colors.by_spec("hsv:2,1,2"))
    model = kind(
        tokenizer.vocab_size,
        PREFIX + tokenizer.length,
        tokenizer.size,
        prefix=PREFIX,
        words=WORDS,
        d_model=16,
        d_ff=32,
        n_layers=2,
        n_heads=2,
        positions=positions,
    )
    return Sampler(model, stirred(model.init(jax.random.key(3))), tokenizer, "float32")


@pytest.fixture(
    scope="module",
    params=[(transformer, "learned"), (reformer, "axial"), (modern, "axial")],
    ids=lambda it: f"{it[0].__name__}-{it[1]}",
)
def sampler(request):
    return built(*request.param)


@pytest.fixture(scope="module")
def texts(sampler):
    """Two texts and an empty one."""
    places = np.array([[1, 4, 2], [3, 0, -1], [-1, -1, -1]], np.int32)
    return np.where(places < 0, 0, sampler.tokenizer.vocab_size + places)


@pytest.fixture(scope="module", params=[1.0, 2.5], ids="guidance {}".format)
def drawn(request, sampler, texts):
    settings = SamplingSettings(seed=5, guidance=request.param)
    return settings, sampler.generate_tokens(7, settings, prefixes=texts).reshape(3, 7, -1)


@pytest.mark.parametrize("batch_size", [1, 4])
def test_a_picture_depends_on_seed_number_and_text_alone(sampler, texts, drawn, batch_size):
    settings, whole = drawn
    fewer = SamplingSettings(seed=5, guidance=settings.guidance, batch_size=batch_size)
    again = sampler.generate_tokens(2, fewer, prefixes=texts[1:]).reshape(2, 2, -1)
    np.testing.assert_array_equal(again, whole[1:, :2])
    assert (whole[0] != whole[1]).any()


def test_only_colours_are_drawn(sampler, drawn):
    assert sampler.tokenizer.allowed[drawn[1]].all()


def test_no_text_is_an_empty_one(sampler, drawn):
    """With guidance too: between the same logits there is nothing to go towards."""
    plain = sampler.generate_tokens(7, SamplingSettings(seed=5))
    np.testing.assert_array_equal(plain, drawn[1][2])


def test_guidance_0_forgets_the_text(sampler, texts):
    forgetful = sampler.generate_tokens(4, SamplingSettings(guidance=0.0), prefixes=texts[:1])
    np.testing.assert_array_equal(forgetful, sampler.generate_tokens(4))


def test_without_guidance_each_picture_costs_one_row(sampler, texts, monkeypatch):
    rows = []
    model = type(sampler.model)

    def begun(self, states):
        rows.append(len(states))
        return joined(self, states)

    joined = model.joined
    monkeypatch.setattr(model, "joined", begun)
    sampler.generate_tokens(4, prefixes=texts[:1])
    sampler.generate_tokens(4, SamplingSettings(guidance=2.0), prefixes=texts[:1])
    assert rows == [4, 8]


@pytest.mark.parametrize("guidance", [1.0, 3.0])
def test_the_loop_draws_what_the_whole_model_would(sampler, texts, guidance):
    """Greedy, against the full model, its logits pulled by hand."""
    settings = SamplingSettings(temperature=0.0, guidance=guidance)
    fast = sampler.generate_tokens(1, settings, prefixes=texts[:2])
    weights = sampler.weights
    model = sampler.model
    logits = jax.jit(lambda rows: model.logits(weights, model.hidden(weights, rows)))
    slow = np.zeros_like(fast)
    for place in range(sampler.tokenizer.length):
        led, free = (
            logits(np.hstack([words, slow]))[:, PREFIX + place]
            for words in (texts[:2], np.zeros_like(texts[:2]))
        )
        pulled = free + guidance * (led - free)
        slow[:, place] = jnp.argmax(jnp.where(sampler.tokenizer.allowed, pulled, -jnp.inf), -1)
    np.testing.assert_array_equal(fast, slow)


@pytest.mark.parametrize("cut", [4, 11])
def test_a_photo_after_words_is_read_at_once_with_the_same_result(sampler, texts, monkeypatch, cut):
    photos = sampler.tokenizer.decode(sampler.generate_tokens(2, SamplingSettings(seed=1)))
    settings = SamplingSettings(guidance=2.0)
    by_token = sampler.complete(photos, cut, samples=2, prefix=texts[0], settings=settings)
    monkeypatch.setattr(module, "_chunk", lambda length: 5)
    at_once = sampler.complete(photos, cut, samples=2, prefix=texts[0], settings=settings)
    np.testing.assert_array_equal(at_once.finished, by_token.finished)
    kept = sampler.tokenizer.encode(at_once.finished.reshape(-1, 3, 5, 3))[:, :cut]
    known = sampler.tokenizer.encode(at_once.photos)
    np.testing.assert_array_equal(kept, np.repeat(known[:, :cut], 2, axis=0))


def test_a_text_changes_how_a_photo_goes_on(sampler, texts):
    photos = sampler.tokenizer.decode(sampler.generate_tokens(2, SamplingSettings(seed=1)))
    one, other = (
        sampler.complete(photos, 4, samples=40, prefix=text).finished for text in texts[:2]
    )
    assert (one != other).any()


@pytest.mark.parametrize("guidance", [-1.0, float("nan"), float("inf")])
def test_guidance_that_cannot_be_meant_is_refused(guidance):
    with pytest.raises(PixaceError, match=r"guidance is .*; it must be 0 or more"):
        SamplingSettings(guidance=guidance)
