"""What is asked of a model: texts and classes, and what it cannot follow."""

import pytest

from pixace import prompts
from pixace.errors import PixaceError
from pixace.vocabulary import Vocabulary

WORDS = Vocabulary(("a", "seven", "one"), 3, 10, {"1": "a one", "7": "a 7"})


def read(text=None, classes=None, guidance=1.0, vocabulary=WORDS):
    return prompts.read(vocabulary, text, classes, guidance, model="m")


def test_texts_come_first_then_classes():
    asked = read(["one", "A seven!"], ["7", 1])
    assert asked.texts == ("one", "A seven!", "a 7", "a one")
    assert asked.prefixes.tolist() == [[12, 0, 0], [10, 11, 0], [10, 11, 0], [10, 12, 0]]
    assert asked.unknown == ()


@pytest.mark.parametrize(
    ("text", "classes"), [("one", None), (["one"], ()), (None, ()), ((), None)]
)
def test_one_text_several_or_none(text, classes):
    asked = read(text, classes)
    assert (asked and asked.texts) == (("one",) if text else None)


def test_a_class_may_be_a_number():
    assert read(classes=7).texts == ("a 7",)


def test_unknown_words_are_told_once_and_left_out():
    asked = read(["a blue sevn", "blue one"])
    assert asked.unknown == ("blue", "sevn (did you mean seven?)")
    assert asked.known == ("a", "one")
    assert "left out, as no caption of the training had it: blue, sevn" in asked.left_out


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({"classes": "8"}, "no class '8'; known: 1, 7"),
        ({"text": "blue"}, "no word of 'blue' is known"),
        ({"guidance": 2.0}, "guidance 2 leads towards a text; name one with --text"),
        ({"text": "a", "vocabulary": None}, "m was trained without captions"),
        ({"guidance": 2.0, "vocabulary": None}, "m was trained without captions"),
        (
            {"classes": "7", "vocabulary": Vocabulary(("a",), 1, 10, {})},
            "not made of classes; use --text",
        ),
    ],
    ids=str,
)
def test_what_a_model_cannot_follow_is_answered_in_a_line(wish, words):
    with pytest.raises(PixaceError, match=words):
        read(**wish)
