"""Batches: every picture once an epoch, and the step alone says which."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixace.data.batches import Batches, in_order
from pixace.text.prefixes import Prefixes


class Rows:
    """Stands for a token set's split: row i is [i + 2, i + 2]."""

    def __init__(self, count):
        self.count = count

    def __len__(self):
        return self.count

    def rows(self, indices):
        return np.repeat(np.asarray(indices, np.int32)[:, None] + 2, 2, axis=1)


def first_column(batches, steps):
    return np.concatenate([batches.batch(step).tokens[:, 0] for step in range(steps)])


@given(count=st.integers(1, 40), size=st.integers(1, 50), seed=st.integers(0, 2**32 - 1))
def test_each_epoch_shows_every_row_once(count, size, seed):
    seen = first_column(Batches(Rows(count), size, seed), 3 * count // size + 1)
    for epoch in range(len(seen) // count):
        part = seen[epoch * count : (epoch + 1) * count]
        assert sorted(part) == list(range(2, count + 2))


def test_any_step_can_be_asked_for_at_any_time():
    """This is what makes resuming exact."""
    one_by_one = [Batches(Rows(10), 4, 7).batch(step).tokens for step in range(9)]
    np.testing.assert_array_equal(Batches(Rows(10), 4, 7).batch(8).tokens, one_by_one[8])


def test_epochs_and_seeds_differ_in_order():
    """Odds of two equal permutations of 50 rows: 1 in 50!, about 3e-65."""
    first = first_column(Batches(Rows(50), 50, 0), 2)
    assert list(first[:50]) != list(first[50:])
    assert list(first[:50]) != list(first_column(Batches(Rows(50), 50, 1), 1))


def test_padding_has_no_weight():
    class Padded(Rows):
        def rows(self, indices):
            return super().rows(indices) * np.array([1, 0], np.int32)

    batch = Batches(Padded(3), 2).batch(0)
    np.testing.assert_array_equal(batch.weights, [[1, 0], [1, 0]])


@pytest.mark.parametrize(
    ("limit", "rows"), [(None, range(10)), (20, range(10)), (7, [0, 2, 3, 4, 6, 8, 9]), (1, [0])]
)
def test_in_order_fills_the_last_batch_with_weightless_rows(limit, rows):
    """Rows that are evenly spread, and not the first: folders are sorted, so these are alike."""
    batches = list(in_order(Rows(10), 4, limit))
    assert {batch.tokens.shape for batch in batches} == {(4, 2)}
    weights = np.concatenate([batch.weights[:, 0] for batch in batches])
    tokens = np.concatenate([batch.tokens[:, 0] for batch in batches])
    assert weights.sum() == len(rows)
    assert list(tokens[weights > 0]) == [row + 2 for row in rows]


class Captioned:
    """Stands for prefixes: row i has the captions [10_000 + i] and [20_000 + i]."""

    def rows(self, indices, luck=None):
        choice = indices % 2 if luck is None else (luck * 2).astype(int)
        return (10_000 * (1 + choice) + indices)[:, None].astype(np.int32)


def test_words_stand_in_front_and_weigh_nothing():
    batch = Batches(Rows(5), 5, prefixes=Captioned()).batch(0)
    assert batch.tokens.shape == batch.weights.shape == (5, 3)
    np.testing.assert_array_equal(batch.tokens[:, 0] % 10_000, batch.tokens[:, 1] - 2)
    np.testing.assert_array_equal(batch.weights, [[0, 1, 1]] * 5)


def test_words_change_nothing_of_the_order():
    plain, worded = Batches(Rows(10), 7, 3), Batches(Rows(10), 7, 3, Captioned(), 0.5)
    for step in range(5):
        np.testing.assert_array_equal(plain.batch(step).tokens, worded.batch(step).tokens[:, 1:])


def test_a_tenth_comes_without_words_and_each_caption_as_often_as_the_other():
    """Of 10,000 a tenth, give or take 0.3 %; 2 % are more than 6 standard deviations away."""
    words = Batches(Rows(1000), 10_000, 0, Captioned(), 0.1).batch(0).tokens[:, 0]
    assert abs(np.mean(words == 0) - 0.1) < 0.02
    assert abs(np.mean(words[words > 0] >= 20_000) - 0.5) < 0.04
    assert Batches(Rows(9), 9, 0, Captioned(), 0.0).batch(0).tokens[:, 0].all()
    assert not Batches(Rows(9), 9, 0, Captioned(), 1.0).batch(0).tokens[:, 0].any()


def test_what_is_drawn_for_a_row_differs_from_epoch_to_epoch_and_by_seed():
    def first(seed, epoch):
        batch = Batches(Rows(64), 64, seed, Captioned(), 0.5).batch(epoch)
        return batch.tokens[np.argsort(batch.tokens[:, 1]), 0].tolist()

    assert first(0, 0) == first(0, 0)
    assert first(0, 0) != first(0, 1)
    assert first(0, 0) != first(1, 0)


def test_words_can_be_asked_for_at_any_step_too():
    made = [Batches(Rows(10), 4, 7, Captioned(), 0.3).batch(step).tokens for step in range(9)]
    again = Batches(Rows(10), 4, 7, Captioned(), 0.3).batch(8).tokens
    np.testing.assert_array_equal(again, made[8])


def test_of_some_captions_words_are_left_out_and_nothing_else_changes():
    texts = np.arange(10, 34, dtype=np.int32).reshape(6, 4)
    prefixes = Prefixes(texts, np.arange(6, dtype=np.int32)[:, None])
    whole, some = (Batches(Rows(6), 6, 1, prefixes, 0.2, drop_words=share) for share in (0.0, 0.9))
    lengths = set()
    for step in range(9):
        full, less = whole.batch(step).tokens, some.batch(step).tokens
        np.testing.assert_array_equal(full[:, 4:], less[:, 4:])
        for every, left in zip(full[:, :4], less[:, :4], strict=True):
            assert {*left.tolist()} - {0} <= {*every.tolist()}
            assert any(left) == any(every)
            lengths.add(int((left > 0).sum()))
    assert lengths == {0, 1, 2, 3, 4}


def test_in_order_a_picture_always_has_the_same_caption_and_none_is_dropped():
    first, second = in_order(Rows(3), 2, prefixes=Captioned())
    assert first.tokens[:, 0].tolist() == [10_000, 20_001]
    assert second.tokens[:, 0].tolist() == [10_002, 0]
    assert second.weights.tolist() == [[0, 1, 1], [0, 0, 0]]
