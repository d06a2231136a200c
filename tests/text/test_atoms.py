"""Labels that are a word each: which they are, and how a text names them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixace.text.atoms import Atoms, atom, shown
from pixace.text.words import split


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("A program in C++.", "a program in {C++}"),
        ("C", "{C}"),
        ("c C C++ C# Cs", "c {C} {C++} {C#} cs"),
        ("(C)-C++C#", "{C} {C++} {C#}"),
        ("I ❤❤ C", "i {❤} {❤} {C}"),
        ("isn't", "isn't"),
        ("New York, new york", "{New York} new york"),
        ("C\u0331", "c\u0331"),
        ("a cafe\u0301", "a {caf\u00e9}"),
        ("黑猫 两只", "黑 {猫} {两只}"),
        ("", ""),
    ],
    ids=ascii,
)
def test_atoms_are_found_letter_for_letter_and_never_within_words(text, words):
    atoms = Atoms(["C", "C++", "C#", "❤", "'", "New York", "caf\u00e9", "猫", "两只"])
    assert " ".join(atoms.split(text)) == words


@given(st.text())
def test_without_atoms_words_are_as_ever(text):
    assert Atoms().split(text) == split(text)


@given(st.text(), st.sets(st.text("aA1+-#❤ ", min_size=1)))
def test_a_word_is_shown_as_it_is_written(text, labels):
    assert shown(atom(text)) == text
    assert [shown(word) for word in split(text)] == split(text)
    atoms = Atoms(labels)
    assert {*atoms} == labels
    for label in labels:
        assert atoms.split(label) == [atom(label)]
