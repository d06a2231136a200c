"""A vocabulary: that ids come back as words, and what is said of unknown ones."""

import json
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixace.errors import PixaceError
from pixace.text.vocabulary import Vocabulary


@pytest.fixture
def vocabulary():
    captions = [["a", "red", "fish"], ["a", "blue", "fish"], ["a", "fish"], ["fish", "of", "the"]]
    return Vocabulary.of(captions, first=10, longest=32)


def test_the_most_frequent_word_comes_first(vocabulary):
    assert vocabulary.words == ("fish", "a", "blue", "of", "red", "the")
    assert (vocabulary.length, vocabulary.first, vocabulary.classes) == (3, 10, {})


def test_ids_follow_those_of_pictures_and_zeros_fill_up(vocabulary):
    assert vocabulary.ids(["a", "fish"]).tolist() == [11, 10, 0]
    assert vocabulary.ids([]).tolist() == [0, 0, 0]
    assert vocabulary.ids(["the", "green", "fish"]).tolist() == [15, 10, 0]
    assert vocabulary.ids(["a"]).dtype == np.int32


def test_longer_captions_are_cut():
    short = Vocabulary.of([["a", "b", "c"]], first=5, longest=2)
    assert short.length == 2
    assert short.words == ("a", "b"), "what is behind the cut is never read, and not known"
    assert short.ids(["c", "b", "a"]).tolist() == [6, 5]


@given(st.lists(st.lists(st.sampled_from("abcdefg"), max_size=5), min_size=1, max_size=9))
def test_every_caption_comes_back_from_its_ids(captions):
    made = Vocabulary.of(captions, first=3, longest=5)
    for caption in captions:
        ids = made.ids(caption)
        assert [made.words[i - 3] for i in ids if i] == caption


def test_a_vocabulary_survives_json(vocabulary):
    there_and_back = Vocabulary.from_fields(json.loads(json.dumps(asdict(vocabulary))))
    assert there_and_back == vocabulary
    assert there_and_back.ids(["a"]).tolist() == vocabulary.ids(["a"]).tolist()


def test_unknown_words_are_left_out_and_a_near_one_is_named(vocabulary):
    assert vocabulary.known("A green, red Fish!") == ["a", "red", "fish"]
    assert vocabulary.near("fsh") == "fsh (did you mean fish?)"
    assert vocabulary.near("zzz") == "zzz"


def test_a_text_without_a_known_word_is_answered_with_some_that_are(vocabulary):
    with pytest.raises(
        PixaceError, match=r"no word of 'green' is known .*: fish, a, blue, of, red"
    ):
        vocabulary.known("green")


def test_a_text_that_is_too_long_is_refused(vocabulary):
    with pytest.raises(PixaceError, match=r"has 4 words, and .* 3 at most; make it shorter"):
        vocabulary.known("a red blue green fish")
