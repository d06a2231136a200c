"""Words: what text becomes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixace.words import split


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("A Red FISH.", "a red fish"),
        ("hand-written_seven", "hand written seven"),
        ("7", "seven"),
        ("Nos. 0, 10, 19, 20, 99", "nos zero ten nineteen twenty ninety nine"),
        ("twenty-one", "twenty one"),
        ("07 100 3d 1.5", "07 100 3d one five"),
        ("isn't 'it’s'", "isn't it's"),
        ("भाषा ÀÉ ﬁn", "भाषा àé fin"),
        ("❤️ !? ' _", ""),
    ],
)
def test_text_becomes_words(text, words):
    assert split(text) == words.split()


@given(st.text())
def test_splitting_again_changes_nothing(text):
    once = split(text)
    assert split(" ".join(once)) == once


@given(st.integers(0, 99))
def test_a_number_and_its_words_are_the_same(number):
    assert split(str(number)) == split(" ".join(split(str(number))))
    assert not any(map(str.isdecimal, split(str(number))))
