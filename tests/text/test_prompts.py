"""What is asked of a model: texts and classes, and what it cannot follow."""

import json

import jax.numpy
import numpy as np
import pytest

from pixace.api.generate import GenerateSettings
from pixace.errors import PixaceError
from pixace.text import prompts
from pixace.text.vocabulary import Vocabulary

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


@pytest.mark.parametrize(
    "classes",
    [
        ["1", "7"],
        [1, 7],
        range(1, 8, 6),
        np.array([1, 7]),
        np.array(["1", "7"]),
        [np.int64(1), np.str_("7")],
        (each for each in (1, np.uint8(7))),
        jax.numpy.array([1, 7]),
    ],
    ids=lambda classes: type(classes).__name__,
)
def test_classes_may_be_whatever_holds_labels(classes):
    asked = read(classes=classes)
    assert asked.texts == ("a one", "a 7")
    assert asked.asked == {"classes": ["1", "7"]}
    memory = GenerateSettings(n=1, dtype="float32").following(asked).as_dict()
    wish = {name: memory.get(name) for name in ("text", "classes", "guidance")}
    assert json.loads(json.dumps(wish)) == {"text": None, "classes": ["1", "7"], "guidance": 1}
    assert "text" not in memory


@pytest.mark.parametrize("one", [7, "7", np.int32(7), np.str_("7"), np.array(7)], ids=repr)
def test_one_class_stays_one(one):
    assert read(classes=one).asked == {"classes": "7"}


def test_texts_may_be_of_numpy():
    assert read(np.array(["one", "a seven"])).texts == ("one", "a seven")
    assert read(np.str_("one")).asked == {"text": "one"}
    assert read(each for each in ["one"]).asked == {"text": ["one"]}


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({"classes": 7.0}, r"7\.0 is not a label of the training pictures, or several"),
        ({"classes": [True]}, "True is not a label"),
        ({"classes": True}, "True is not a label"),
        ({"classes": np.array([1.0])}, r"1\.0 is not a label"),
        ({"classes": [[1, 7]]}, r"\[1, 7\] is not a label"),
        ({"classes": np.zeros((1, 2), int)}, r"array\(\[0, 0\]\) is not a label"),
        ({"classes": b"7"}, "b'7' is not a label"),
        ({"classes": {"7": 1}}, "{'7': 1} is not a label"),
        ({"classes": [None]}, "None is not a label"),
        ({"text": 7}, "7 is not a text, or several"),
        ({"text": [b"one"]}, "b'one' is not a text"),
        ({"text": object}, "<class 'object'> is not a text"),
    ],
    ids=str,
)
def test_what_is_neither_text_nor_class_is_refused_in_a_line(wish, words):
    with pytest.raises(PixaceError, match=words) as caught:
        read(**wish)
    assert "\n" not in str(caught.value)


def test_unknown_words_are_told_once_and_left_out():
    asked = read(["a blue sevn", "blue one"])
    assert asked.unknown == ("blue", "sevn (did you mean seven?)")
    assert asked.prefixes.tolist() == [[10, 0, 0], [12, 0, 0]]
    line = prompts.left_out(asked.unknown)
    assert "left out, as no caption of the training had it: blue, sevn" in line


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
