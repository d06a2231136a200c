"""Drawing: how likely an id is, what is ruled out, that a picture depends on its number alone."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stirred import stirred

from pixace import colors
from pixace.errors import PixaceError
from pixace.models import KINDS
from pixace.sampling import decode_loop, next_token
from pixace.sampling import token_sampler as module
from pixace.sampling.cut import blank_after, parse_cut
from pixace.sampling.next_token import draw
from pixace.sampling.sampler import Sampler, SamplingSettings
from pixace.sampling.token_sampler import TokenSampler
from pixace.tokenizers.pixel import PixelTokenizer

EVEN = (np.arange(10_000) + 0.5) / 10_000  # so many uniforms that shares are exact to 1e-4


def shares(logits, *, temperature=1.0, **settings):
    """How often each id is drawn."""
    rows = len(EVEN)
    drawn = draw(
        jnp.tile(jnp.asarray(logits, jnp.float32), (rows, 1)),
        jnp.asarray(EVEN, jnp.float32),
        temperature=jnp.full(rows, temperature),
        **settings,
    )
    return np.bincount(np.asarray(drawn), minlength=len(logits)) / rows


def test_ids_are_drawn_by_their_probabilities():
    probabilities = np.array([0.1, 0.2, 0.3, 0.4])
    np.testing.assert_allclose(shares(np.log(probabilities)), probabilities, atol=2e-4)


@pytest.mark.parametrize("temperature", [0.5, 2.0])
def test_temperature_is_the_power_of_the_probabilities(temperature):
    probabilities = np.array([0.1, 0.2, 0.3, 0.4])
    warm = probabilities ** (1 / temperature)
    found = shares(np.log(probabilities), temperature=temperature)
    np.testing.assert_allclose(found, warm / warm.sum(), atol=2e-4)


def test_at_temperature_zero_the_likeliest_is_taken():
    assert shares([0.0, 3.0, 2.9], temperature=0.0).tolist() == [0, 1, 0]


def test_top_k_keeps_the_k_likeliest_and_their_ratios():
    found = shares(np.log([0.1, 0.2, 0.3, 0.4]), top_k=2)
    np.testing.assert_allclose(found, [0, 0, 3 / 7, 4 / 7], atol=2e-4)


@pytest.mark.parametrize(
    ("top_p", "kept"), [(0.4, [0, 0, 0, 1]), (0.41, [0, 0, 1, 1]), (0.95, [1, 1, 1, 1])]
)
def test_top_p_keeps_the_fewest_that_reach_it(top_p, kept):
    assert (shares(np.log([0.1, 0.2, 0.3, 0.4]), top_p=top_p) > 0).tolist() == kept


@given(
    logits=st.lists(st.floats(-50, 50) | st.just(-np.inf), min_size=2, max_size=20),
    uniform=st.floats(0, 1, exclude_max=True, width=32),
    temperature=st.sampled_from([0.0, 0.1, 1.0, 3.0]),
    top_k=st.integers(0, 20),
)
def test_what_is_ruled_out_is_never_drawn(logits, uniform, temperature, top_k):
    logits[-2] = 0.0  # one is allowed, and the last, which rounding might reach, is not
    logits[-1] = -np.inf
    drawn = draw(
        jnp.asarray([logits], jnp.float32),
        jnp.asarray([uniform], jnp.float32),
        temperature=jnp.asarray([temperature]),
        top_k=top_k,
    )
    assert np.isfinite(logits[int(drawn[0])])


def built(kind, size, scheme, *, d_model=16, d_ff=32, n_heads=2, n_layers):
    tokenizer = PixelTokenizer(size, colors.by_spec(scheme), "raster")
    sizes = {"d_model": d_model, "d_ff": d_ff, "n_heads": n_heads, "n_layers": n_layers}
    model = kind(tokenizer.vocab_size, tokenizer.length, size, **sizes)
    return Sampler(model, stirred(model.init(jax.random.key(3))), tokenizer, "float32")


@pytest.fixture(scope="module", params=KINDS.values(), ids=KINDS)
def sampler(request):
    return built(request.param, (3, 5), "hsv:2,1,2", n_layers=2)


@pytest.fixture(scope="module")
def twenty(sampler):
    return sampler.generate_tokens(20, SamplingSettings(seed=5))


@pytest.mark.parametrize(("n", "batch_size"), [(1, 64), (3, 64), (20, 8), (20, 1), (11, 3)])
def test_a_picture_depends_on_seed_and_number_alone(sampler, twenty, n, batch_size):
    drawn = sampler.generate_tokens(n, SamplingSettings(seed=5, batch_size=batch_size))
    np.testing.assert_array_equal(drawn, twenty[:n])


def test_pictures_and_seeds_differ(sampler, twenty):
    """Odds that two of 15 nearly free pixels agree: far below 1e-9."""
    assert len({row.tobytes() for row in twenty}) == 20
    assert (sampler.generate_tokens(20, SamplingSettings(seed=6)) != twenty).any(axis=1).all()


@pytest.mark.parametrize("seed", [0, 5, 2**31 - 1])
def test_a_seed_is_the_same_whatever_the_type_of_its_number(seed):
    """With one word as with a signed one, which is what Python's numbers become in a program."""
    word = decode_loop.uniforms(np.uint32(seed), np.arange(3), 7)
    np.testing.assert_array_equal(word, decode_loop.uniforms(seed, np.arange(3), 7))


def test_every_seed_draws_pictures_of_its_own(sampler, twenty):
    drawn = [sampler.generate_tokens(2, SamplingSettings(seed=seed)) for seed in (2**31, 2**32 - 1)]
    assert len({row.tobytes() for row in [*np.concatenate(drawn), *twenty]}) == 24


def test_temperatures_may_be_an_array(sampler, twenty):
    photos = sampler.tokenizer.decode(twenty[:1])
    done = sampler.complete(photos, 7, temperatures=np.array([0.0, 1.0]))
    same = sampler.complete(photos, 7, temperatures=[0.0, 1.0])
    np.testing.assert_array_equal(done.finished, same.finished)
    with pytest.raises(PixaceError, match="at least one temperature"):
        sampler.complete(photos, 7, temperatures=np.array([]))


def test_only_canonical_colours_are_drawn(sampler, twenty):
    allowed = sampler.tokenizer.allowed
    assert not allowed.all()
    assert allowed[twenty].all()


def test_the_loop_draws_what_the_whole_model_would(sampler):
    """Greedy drawing by the cache against greedy drawing by the full model, token by token."""
    fast = sampler.generate_tokens(2, SamplingSettings(temperature=0.0))
    slow = np.zeros_like(fast)
    weights = sampler.model.cast(sampler.weights, sampler.compute_dtype)
    hidden = jax.jit(sampler.model.hidden)
    for place in range(sampler.tokenizer.length):
        features = hidden(weights, slow)[:, place]
        logits = sampler.model.logits(weights, features)
        slow[:, place] = jnp.argmax(jnp.where(sampler.tokenizer.allowed, logits, -jnp.inf), -1)
    np.testing.assert_array_equal(fast, slow)


def test_completing_keeps_the_cut_and_draws_the_rest(sampler, twenty):
    photos = sampler.tokenizer.decode(twenty[:2])
    done = sampler.complete(photos, 7, temperatures=[0.0, 1.0], samples=3)
    assert done.finished.shape == (2, 2, 3, 3, 5, 3)
    tokens = sampler.tokenizer.encode(done.finished.reshape(-1, 3, 5, 3)).reshape(2, 2, 3, 15)
    assert (tokens[..., :7] == twenty[:2, None, None, :7]).all()
    assert (tokens[..., 7:] != twenty[:2, None, None, 7:]).any()
    assert (tokens[:, 0] == tokens[:, 0, :1]).all(), "temperature 0 leaves no choice"
    np.testing.assert_array_equal(done.cuts[0].reshape(15, 3)[7:], 128)


def test_a_completion_does_not_depend_on_its_neighbours(sampler, twenty):
    photos = sampler.tokenizer.decode(twenty[:3])
    settings = SamplingSettings(seed=2)
    together = sampler.complete(photos, 5, temperatures=[0.7, 1.0], samples=2, settings=settings)
    alone = sampler.complete(photos[1:2], 5, temperatures=[1.0], samples=1, settings=settings)
    np.testing.assert_array_equal(alone.finished[0, 0, 0], together.finished[1, 1, 0])


def test_keeping_all_changes_nothing(sampler, twenty):
    photos = sampler.tokenizer.decode(twenty[:1])
    np.testing.assert_array_equal(sampler.complete(photos, 15).finished[0, 0, 0], photos[0])


@given(st.integers(1, 3000))
def test_a_chunk_divides_the_length(length):
    chunk = module._chunk(length)
    assert length % chunk == 0
    assert chunk >= min(16, length)


def test_blank_after_touches_nothing_before():
    kept = blank_after(np.array([[5, 6, 7]], np.int32), 2)
    assert kept.tolist() == [[5, 6, 1]]


@pytest.mark.parametrize(
    ("text", "cut"), [("0", 0), ("64", 64), ("50%", 32), ("12.5%", 8), ("100%", 64)]
)
def test_a_cut_is_a_count_or_a_share(text, cut):
    assert parse_cut(text, 64) == cut


@pytest.mark.parametrize(
    "text", ["65", "-1", "half", "-0.1%", "100.1%", "101%", "", "%", "nan%", "1e999%"]
)
def test_a_cut_that_cannot_be_is_answered_in_a_line(text):
    with pytest.raises(PixaceError, match="give 0 to 64 pixels, or a share like 50%"):
        parse_cut(text, 64)


@pytest.mark.parametrize(
    "wrong",
    [
        {"seed": -1},
        {"temperature": -0.1},
        {"temperature": float("nan")},
        {"top_k": -1},
        {"top_p": 0.0},
        {"top_p": 1.1},
        {"batch_size": 0},
    ],
    ids=str,
)
def test_settings_that_cannot_be_meant_are_refused(wrong):
    with pytest.raises(PixaceError, match=f"^{next(iter(wrong))} is .*; it must be"):
        SamplingSettings(**wrong)


@pytest.fixture(scope="module", params=KINDS.values(), ids=KINDS)
def longer(request):
    return built(request.param, (8, 8), "grey:7", n_layers=1)


def test_a_cache_that_grows_draws_the_same(longer, monkeypatch):
    whole = longer.generate_tokens(3, SamplingSettings(seed=1))
    monkeypatch.setattr(module, "DECODE_CHUNK", 16)
    assert [module._capacity(64, end) for end in (16, 32, 48, 64)] == [16, 32, 48, 64]
    np.testing.assert_array_equal(longer.generate_tokens(3, SamplingSettings(seed=1)), whole)


@pytest.mark.parametrize("cut", [0, 1, 15, 16, 40, 63, 64])
def test_what_is_known_is_read_at_once_with_the_same_result(longer, monkeypatch, cut):
    photos = longer.tokenizer.decode(longer.generate_tokens(2, SamplingSettings(seed=1)))
    by_token = longer.complete(photos, cut, temperatures=[0.0, 1.0]).finished
    monkeypatch.setattr(module, "DECODE_CHUNK", 16)
    np.testing.assert_array_equal(
        longer.complete(photos, cut, temperatures=[0, 1]).finished, by_token
    )


@given(
    weights=st.lists(st.floats(0, 1, width=32), min_size=2, max_size=30).filter(any),
    top_k=st.integers(1, 30),
    top_p=st.floats(0.0625, 1, width=32),
)
def test_the_likeliest_are_those_that_sorting_would_find(weights, top_k, top_p):
    weights = np.asarray(weights, np.float32) / np.float32(max(weights))
    weights[weights < 1e-30] = 0  # some devices take such numbers for 0
    falling = np.sort(weights)[::-1]
    row = jnp.asarray(weights)[None]
    kept = next_token._likeliest(row, jnp.ones_like(row), jnp.float32(top_k))[0]
    np.testing.assert_array_equal(
        kept, np.where(weights >= falling[min(top_k, len(weights)) - 1], weights, 0)
    )
    enough = np.float32(top_p) * weights.sum()
    kept = np.asarray(next_token._likeliest(row, row, jnp.asarray(enough))[0])
    assert kept.sum() >= enough * (1 - 1e-5)
    assert (kept[kept > 0].min() > weights[kept == 0]).all()
    assert kept.sum() - kept[kept == kept[kept > 0].min()].sum() <= enough * (1 + 1e-5)


def test_coarser_products_draw_from_the_same_probabilities(longer):
    """Two samples of a test by frequencies, and the probabilities themselves."""
    model, weights = longer.model, longer.weights
    tokens = longer.generate_tokens(64, SamplingSettings(seed=9))
    probabilities = [
        jax.nn.softmax(model.logits(w, model.hidden(w, tokens)))
        for w in (weights, model.cast(weights, jnp.bfloat16))
    ]
    apart = jnp.sum(jnp.abs(probabilities[0] - probabilities[1]), -1) / 2  # total variation
    assert float(apart.mean()) < 0.01

    def counts(dtype):
        drawn = replace(longer, compute_dtype=dtype).generate_tokens(512, SamplingSettings(seed=4))
        return np.bincount(drawn.ravel(), minlength=model.vocab_size)

    full, half = counts("float32"), counts("bfloat16")
    both = full + half
    chi = np.sum((full - half)[both > 0] ** 2 / both[both > 0])
    assert chi < 3 * np.count_nonzero(both)  # far beyond its mean, which is one a colour


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_picture_depends_on_its_number_alone_at_a_real_width(kind, monkeypatch):
    """Wide enough for XLA to choose other kernels for other numbers of rows."""
    monkeypatch.setattr(module, "DECODE_CHUNK", 16)
    wide = built(kind, (8, 8), "hsv:5,4,4", d_model=256, d_ff=512, n_layers=1, n_heads=8)
    many = wide.generate_tokens(40, SamplingSettings(seed=5))
    for n, batch_size in ((1, 64), (3, 64), (40, 16), (20, 5)):
        drawn = wide.generate_tokens(n, SamplingSettings(seed=5, batch_size=batch_size))
        np.testing.assert_array_equal(drawn, many[:n])
    photos = wide.tokenizer.decode(many[:5])
    together = wide.complete(photos, 37, samples=4).finished
    alone = wide.complete(photos[2:3], 37, samples=1).finished
    np.testing.assert_array_equal(alone[0, 0, 0], together[2, 0, 0])


def test_each_size_of_the_cache_is_compiled_once_though_ahead(caplog):
    """Four sizes, of which three are compiled while the one before draws."""
    model = KINDS["modern"](
        7, 512, (16, 32), d_model=8, d_ff=24, n_layers=1, n_heads=2, dropout=0.0
    )
    sampler = TokenSampler(model, model.init(jax.random.key(0)), np.arange(7) > 1, "float32")
    asked = {
        "cut": 0,
        "streams": np.arange(2),
        "temperatures": np.ones(2),
        "prefixes": None,
        "settings": SamplingSettings(),
    }
    jax.config.update("jax_log_compiles", True)
    try:
        with caplog.at_level("WARNING"):
            drawn = [sampler.finish(np.zeros((2, 512), np.int32), **asked) for _ in range(2)]
    finally:
        jax.config.update("jax_log_compiles", False)
    np.testing.assert_array_equal(*drawn)
    compiled = [line for line in caplog.messages if line.startswith("Finished XLA compilation")]
    assert sum("decode_chunk" in line for line in compiled) == 4
