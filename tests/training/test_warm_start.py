"""What a new model takes over from a trained one, weight by weight."""

import jax
import numpy as np
import pytest

from pixace import colors, models
from pixace.text.vocabulary import Vocabulary
from pixace.tokenizers.pixel import PixelTokenizer
from pixace.training.warm_start import Learned, warm_start


def tokenizer(scheme="grey:4", size=(2, 3)):
    return PixelTokenizer(size, colors.by_spec(scheme), "raster")


def weights(of, vocabulary=None, seed=0, **changes):
    """Of a new model for a tokenizer, by name."""
    words = {} if vocabulary is None else {"prefix": vocabulary.length}
    if vocabulary is not None:
        words["words"] = len(vocabulary.words)
    length = of.length + words.get("prefix", 0)
    shape = {"d_model": 8, "d_ff": 16, "n_layers": 1, "n_heads": 2} | changes
    made = models.build("modern", of.vocab_size, length, of.axes, **words, **shape)
    drawn = made.init(jax.random.key(seed))
    noise = np.random.default_rng(seed)
    return {
        name: np.asarray(noise.normal(size=each.shape), np.float32) for name, each in drawn.items()
    }


def same(found, wanted):
    return {name for name in found if np.array_equal(found[name], wanted.get(name))}


def test_of_the_same_pictures_all_is_kept_and_nothing_is_new():
    old = weights(tokenizer())
    warm = warm_start(
        weights(tokenizer(), seed=1), tokenizer(), None, Learned("a", old, tokenizer(), None)
    )
    assert same(warm.weights, old) == old.keys()
    assert warm.said == "begins with a"


def test_colours_begin_as_the_nearest_that_were_known():
    """Of 4 greys, 0, 85, 170 and 255, these three are nearest to the first, third and last."""
    new, old = tokenizer("palette:101010,a0a0b0,f0f0f0"), tokenizer()
    before = weights(old)
    warm = warm_start(weights(new, seed=1), new, None, Learned("a", before, old, None))
    ids = [0, 1, 2, 4, 5]
    np.testing.assert_array_equal(warm.weights["embedding/table"], before["embedding/table"][ids])
    np.testing.assert_array_equal(warm.weights["head/kernel"], before["head/kernel"][:, ids])
    np.testing.assert_array_equal(warm.weights["head/bias"], before["head/bias"][ids])
    assert warm.said == "begins with a: colours begin as the nearest"


def test_words_begin_as_themselves_and_new_ones_are_counted():
    made = tokenizer()
    old = Vocabulary(("cat", "dog"), 2, made.vocab_size)
    new = Vocabulary(("bird", "dog", "cat"), 2, made.vocab_size)
    before, fresh = weights(made, old), weights(made, new, seed=1)
    warm = warm_start(fresh, made, new, Learned("a", before, made, old))
    table, first = warm.weights["embedding/table"], made.vocab_size
    np.testing.assert_array_equal(table[:first], before["embedding/table"][:first])
    np.testing.assert_array_equal(table[first], fresh["embedding/table"][first])
    np.testing.assert_array_equal(table[first + 1 :], before["embedding/table"][[-1, -2]])
    assert warm.said == "begins with a: 1 of 3 words are new"


def test_captions_that_go_or_come_change_positions_alone():
    made = tokenizer()
    words = Vocabulary(("cat",), 1, made.vocab_size)
    for before, after in ((None, words), (words, None)):
        old, fresh = weights(made, before), weights(made, after, seed=1)
        warm = warm_start(fresh, made, after, Learned("a", old, made, before))
        kept = same(warm.weights, old)
        assert fresh.keys() - kept <= {"positions/table", "embedding/table"}
        first = made.vocab_size
        table = warm.weights["embedding/table"]
        np.testing.assert_array_equal(table[:first], old["embedding/table"][:first])


def test_another_size_keeps_all_but_positions():
    made, larger = tokenizer(), tokenizer(size=(3, 4))
    old = weights(made)
    warm = warm_start(weights(larger, seed=1), larger, None, Learned("a", old, made, None))
    assert warm.weights.keys() - same(warm.weights, old) == {"positions/table"}
    assert warm.said == "begins with a: new are positions"


def test_another_width_keeps_nothing_of_ids():
    made = tokenizer()
    old, fresh = weights(made), weights(made, seed=1, d_model=16)
    warm = warm_start(fresh, made, None, Learned("a", old, made, None))
    assert same(warm.weights, fresh) >= {"embedding/table", "head/kernel", "head/bias"}
    assert "embedding" in warm.said


@pytest.mark.parametrize("kind", models.KINDS)
def test_all_kinds_have_the_names_that_it_goes_by(kind):
    made = models.by_kind(kind)(7, 6, (2, 3), d_model=8, d_ff=16, n_layers=1, n_heads=2)
    assert made.shapes.keys() >= {"embedding/table", "head/kernel", "head/bias"}
