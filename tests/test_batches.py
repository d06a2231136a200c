"""Batches: every picture once an epoch, and the step alone says which."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixace.batches import Batches, in_order


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


@pytest.mark.parametrize(("limit", "rows"), [(None, 10), (7, 7), (4, 4)])
def test_in_order_fills_the_last_batch_with_weightless_rows(limit, rows):
    batches = list(in_order(Rows(10), 4, limit))
    assert {batch.tokens.shape for batch in batches} == {(4, 2)}
    weights = np.concatenate([batch.weights[:, 0] for batch in batches])
    tokens = np.concatenate([batch.tokens[:, 0] for batch in batches])
    assert weights.sum() == rows
    assert list(tokens[weights > 0]) == list(range(2, rows + 2))
