"""Words in front of pictures, of which some may be left out."""

import numpy as np
import pytest

from pixace.special_tokens import PADDING
from pixace.text.prefixes import thinned

WORDS = np.array([[7, 5, 9, PADDING], [4, PADDING, PADDING, PADDING], [PADDING] * 4], np.int32)


@pytest.mark.parametrize(
    ("luck", "most", "left"),
    [
        ([0.5, 0.1, 0.6, 0.2, 0.0], 1.0, [5, 0, 0, 0]),  # half of them, as it is drawn
        ([0.5, 0.1, 0.6, 0.7, 0.0], 1.0, [5, 9, 0, 0]),
        ([0.5, 0.1, 0.6, 0.7, 0.0], 0.2, [7, 5, 9, 0]),  # a tenth: none
        ([0.9, 0.3, 0.2, 0.1, 0.9], 1.0, [7, 0, 0, 0]),  # one stays, and it is a word
        ([0.9, 0.3, 0.2, 0.1, 0.9], 0.0, [7, 5, 9, 0]),
    ],
)
def test_words_are_left_out_and_one_stays(luck, most, left):
    rows = thinned(WORDS, np.array([luck] * 3), most)
    np.testing.assert_array_equal(rows, [left, WORDS[1], WORDS[2]])
    assert rows.dtype == np.int32


def test_every_share_of_the_words_is_as_likely_to_be_left_out():
    words = np.full((4000, 8), 5, np.int32)
    luck = np.random.default_rng(0).random((4000, 9))
    left = (thinned(words, luck, 1.0) != PADDING).sum(axis=1)
    counts = np.bincount(left, minlength=9)[1:]
    assert counts.min() > 370  # of 4,000 / 9 = 444 each, and of one word those of none besides
    assert 0.7 < (thinned(words, luck, 0.5) != PADDING).mean() < 0.8
