"""Captions of a token set: from captions, labels and templates to words in front of pictures."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixace.captions import Captions
from pixace.errors import ConfigError, TokenError


def known(caption=None, label=None, name="x.png"):
    return {"name": name, "caption": caption, "label": label}


def learned(captions, train, validation=()):
    return captions.of(train, validation, first=10, named="data")


def texts(captioned, rows, luck=None):
    """The captions of some rows as words again."""
    words = ("", *captioned.vocabulary.words)
    ids = captioned.train.rows(np.asarray(rows), luck)
    return [" ".join(words[max(0, i - 9)] for i in row).strip() for row in ids]


def test_nothing_is_learned_unless_it_is_asked_for():
    assert learned(Captions(), [known("a fish")]) is None


def test_a_caption_wins_over_a_label():
    made = learned(Captions(use=True), [known("A fish", "7"), known(None, "7"), known("fish")])
    assert texts(made, [0, 1, 2]) == ["a fish", "seven", "fish"]


@pytest.mark.parametrize("templates", ["no. {label}", ["no. {label}"], ("no. {label}",)])
def test_a_template_is_filled_with_the_label(templates):
    made = learned(Captions(templates=templates), [known(label="cat"), known("x", "7")])
    assert texts(made, [0, 1]) == ["no cat", "no seven"]


def test_luck_chooses_among_templates_and_without_it_they_take_turns():
    made = learned(
        Captions(templates=("a {label}", "the {label}", "{label} of {caption}")),
        [known("fish", "cat"), known(None, "dog"), known(None, "dog"), known(None, "dog")],
    )
    third = np.array([0.1, 0.4, 0.9])
    assert texts(made, [0, 0, 0], third) == ["a cat", "the cat", "cat of fish"]
    assert texts(made, [1, 1, 1], third) == ["a dog", "the dog", "a dog"], "no caption, no third"
    assert texts(made, [0, 1]) == ["a cat", "the dog"]


def test_validation_has_its_own_captions_in_the_words_of_the_training():
    made = learned(Captions(use=True), [known("a cat")], [known("a dog")])
    assert made.vocabulary.words == ("a", "cat")
    assert made.validation.rows(np.array([0])).tolist() == [[10, 0]]


def test_classes_are_the_labels_by_size_and_the_first_caption_made_of_each():
    rows = [known(label=str(label)) for label in (10, 2, 10)] + [known(label="fig")]
    made = learned(Captions(templates=("{caption}!", "a {label}", "the {label}")), rows)
    assert list(made.vocabulary.classes.items()) == [
        ("2", "a 2"), ("10", "a 10"), ("fig", "a fig"),
    ]  # fmt: skip
    assert learned(Captions(use=True), rows).vocabulary.classes["fig"] == "fig"


def test_captions_of_their_own_make_no_classes():
    assert learned(Captions(use=True), [known("a fish", "7")]).vocabulary.classes == {}


def test_missing_captions_are_counted_and_the_first_is_named():
    rows = [known("a"), known(name="b.png"), known("!?", name="c.png")]
    with pytest.raises(
        TokenError, match=r"2 of the 4 pictures of data .* the first is b\.png; give"
    ):
        learned(Captions(use=True), rows, [known("d")])
    made = learned(Captions(use=True, gaps=True), rows)
    assert texts(made, [0, 1, 2]) == ["a", "", ""]


@pytest.mark.parametrize("rows", [[], [known(), known()]])
def test_no_captions_at_all_is_answered_with_where_to_write_them(rows):
    with pytest.raises(TokenError, match=r"data has no captions; .*\.txt file .*--labels"):
        learned(Captions(use=True, gaps=True), rows)


def test_templates_that_nothing_fits_are_answered_too():
    with pytest.raises(TokenError, match="no labels or captions for the template"):
        learned(Captions(templates=("a {label}",)), [known("a fish")])


@pytest.mark.parametrize(
    ("template", "words"),
    [("a {lable}", r"unknown field \{lable\}"), ("a cat", "has no field"), ("{}", r"field \{\}")],
)
def test_a_template_with_another_field_or_none_is_refused(template, words):
    with pytest.raises(ConfigError, match=words):
        Captions(templates=(template,))


def test_a_caption_has_at_least_a_word():
    with pytest.raises(ConfigError, match=r"captions\.longest is 0"):
        Captions(longest=0)


def test_long_captions_are_cut_and_counted():
    made = learned(Captions(use=True, longest=2), [known("a b c"), known("a b c"), known("d")])
    assert (made.cut, made.vocabulary.length) == (1, 2)
    assert texts(made, [0]) == ["a b"]


def test_some_captions_are_different_ones():
    rows = [known(label=str(i % 5)) for i in range(50)]
    made = learned(Captions(use=True), rows)
    some = made.train.some(4)
    assert len({row.tobytes() for row in some}) == len(some) == 4
    assert len(made.train.some(99)) == 5
    assert some.all(), "the empty one is not among them, as no picture has it"


@given(st.lists(st.sampled_from(["a", "b c", "d e f"]), min_size=1, max_size=20), st.data())
def test_each_row_has_its_own_caption(captions, data):
    made = learned(Captions(use=True), [known(caption) for caption in captions])
    rows = data.draw(st.lists(st.integers(0, len(captions) - 1), min_size=1))
    luck = np.full(len(rows), data.draw(st.floats(0, 1, exclude_max=True)))
    assert texts(made, rows, luck) == [captions[row] for row in rows]
