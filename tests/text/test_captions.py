"""Captions of a token set: from captions, labels and templates to words in front of pictures."""

import json
import unicodedata
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pixace.errors import ConfigError, PixaceError, TokenError
from pixace.text import prompts
from pixace.text.captions import Captions
from pixace.text.vocabulary import Vocabulary


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


@pytest.mark.parametrize(
    ("longest", "said"),
    [(0, r"captions\.longest is 0"), (-3, "is -3"), (True, "True is no int"), (2.5, "is no int")],
)
def test_a_caption_has_at_least_a_word(longest, said):
    with pytest.raises(ConfigError, match=said):
        Captions(longest=longest)


def test_long_captions_are_cut_and_counted():
    made = learned(Captions(use=True, longest=2), [known("a b c"), known("a b c"), known("d")])
    assert (made.cut, made.vocabulary.length) == (1, 2)
    assert texts(made, [0]) == ["a b"]


def test_words_behind_the_cut_are_not_known():
    made = learned(Captions(use=True, longest=2), [known("a b c"), known("d")], [known("c a")])
    assert made.vocabulary.words == ("a", "b", "d")
    assert made.validation.rows(np.array([0])).tolist() == [[10, 0]]
    with pytest.raises(PixaceError, match="no word of 'c' is known"):
        made.vocabulary.known("c")


@pytest.mark.parametrize(
    ("template", "labels", "longest", "needed"),
    [
        ("a light of {label}", "01", 3, 4),
        ("a light of {label}", "01", 1, 4),
        ("a light of {label}", "0", 2, 4),
        ("{label} light", ["big red cat", "big red dog", "big"], 2, 3),
        ("a {label} in {label}", ["no", "no one"], 2, 3),
        ("one {caption}", ["x"], 1, 2),
        ("{caption} {label}", ["+1", "-1"], 0, 1),
    ],
    ids=str,
)
def test_a_cut_before_labels_differ_is_refused_with_the_number_that_is_needed(
    template, labels, longest, needed
):
    rows = [known("fish", label) for label in labels]
    if longest:
        with pytest.raises(ConfigError, match=rf"longest is {longest}, .*longest = {needed} or"):
            learned(Captions(templates=(template,), longest=longest), rows)
    made = learned(Captions(templates=(template,), longest=needed), rows)
    assert made.vocabulary.length == needed or "{caption}" in template


def test_a_cut_behind_the_labels_is_fine_and_classes_can_be_asked_for():
    captions = Captions(templates=("{label} is what it shows",), longest=2)
    made = learned(captions, [known(label="cat"), known(label="dog")])
    assert made.vocabulary.words == ("is", "cat", "dog")
    asked = prompts.read(made.vocabulary, "cat is what it shows", ["dog"], 1.0, model="m")
    assert asked.prefixes.tolist() == [[11, 10], [12, 10]]


def test_labels_that_words_do_not_tell_apart_are_words_by_themselves():
    labels = ["C", "C++", "C#", "D", "+1", "-1", "cat", "Cat", "7", "seven", "❤", "!?"]
    rows = [known(label=label) for label in labels]
    made = learned(Captions(templates=("a {label}!",)), rows)
    assert texts(made, range(len(rows))) == [
        *("a {C}", "a {C++}", "a {C#}", "a d", "a {+1}", "a {-1}", "a {cat}", "a {Cat}"),
        *("a {7}", "a {seven}", "a {❤}", "a {!?}"),
    ]
    assert made.vocabulary.classes["C++"] == "a {C++}!"
    assert made.vocabulary.classes["D"] == "a D!"
    assert made.said == [
        "11 labels have the same words as others, or none, and are told apart as they are written: "
        "7, seven; !?, ❤; +1, -1; C, C#, C++; Cat, cat"
    ]


@pytest.mark.parametrize(
    ("labels", "groups"),
    [
        (["cat", "dog", "7", "eight", "red car", "car red"], []),
        (["C", "C++", "C#", "D"], [("C", "C#", "C++")]),
        (["+1", "-1", "1"], [("1", "+1", "-1")]),
        (["cat", "Cat", "dog"], [("Cat", "cat")]),
        (["7", "seven"], [("7", "seven")]),
        (["❤", "!?", "a"], [("!?", "❤")]),
        (["❤", "a"], [("❤",)]),
        (["a", "a"], []),
    ],
    ids=str,
)
def test_labels_with_the_same_words_or_none_are_named(labels, groups):
    made = learned(Captions(templates=("it is {label}",)), [known(label=each) for each in labels])
    assert made.alike == groups


def test_templates_that_make_labels_alike_are_seen_too():
    rows = [known(label="1"), known(label="11")]
    made = learned(Captions(templates=("a {label}", "{label}1")), rows)
    assert made.alike == []
    rows += [known(label="x"), known(label="-")]
    made = learned(Captions(templates=("x{label} x",)), rows)
    assert made.alike == [("-",)]
    made = learned(Captions(templates=("{label}e",)), [known(label="on"), known(label="1 on")])
    assert texts(made, [0, 1]) == ["one", "one one"]


def test_the_line_on_labels_is_a_short_one():
    rows = [known(label="+" * i) for i in range(1, 500)]
    (line,) = learned(Captions(use=True), rows).said
    assert line.startswith("499 labels have")
    assert len(line) < 300


def test_labels_that_words_tell_apart_are_words_as_ever():
    made = learned(Captions(templates=("a {label}",)), [known(label=each) for each in "7C"])
    assert made.vocabulary.words == ("a", "c", "seven")
    assert (made.said, made.vocabulary.classes) == ([], {"7": "a 7", "C": "a C"})


def test_composed_and_decomposed_letters_are_one_label():
    rows = [known(label="caf\u00e9"), known(label="cafe\u0301"), known(label="CAF\u00c9")]
    made = learned(Captions(use=True), rows)
    assert texts(made, [0, 1, 2]) == ["{café}", "{café}", "{CAFÉ}"]
    for spelled in ("caf\u00e9", "cafe\u0301"):
        asked = prompts.read(made.vocabulary, spelled, [spelled], 1.0, model="m")
        assert asked.prefixes.tolist() == [made.train.rows(np.array([0]))[0].tolist()] * 2


def test_many_labels_are_learned_apart_though_they_are_not_remembered():
    rows = [known(label=f"{i}{sign}") for i in range(600) for sign in "+-"]
    made = learned(Captions(templates=("no. {label}",)), rows)
    assert made.vocabulary.classes == {}
    assert len(np.unique(made.train.rows(np.arange(1200)), axis=0)) == 1200
    asked = prompts.read(made.vocabulary, ["no. 7+", "7-"], None, 1.0, model="m")
    assert len({*map(tuple, asked.prefixes.tolist())}) == 2
    assert asked.unknown == ()


def test_each_line_of_a_caption_is_one_of_the_captions():
    rows = [known("a fish\n\n a red one \n"), known("one")]
    made = learned(Captions(use=True), rows)
    assert texts(made, [0, 0], np.array([0.1, 0.9])) == ["a fish", "a red one"]
    assert texts(made, [1, 1], np.array([0.1, 0.9])) == ["one", "one"]
    made = learned(Captions(templates=("see {caption}", "it is {label}")), [known("a\nb", "c")])
    thirds = np.array([0.1, 0.5, 0.9])
    assert texts(made, [0, 0, 0], thirds) == ["see a", "see b", "it is c"]


SIGNS = "aAbB17+-#.'❤ {}\u00e9\u0301%"
TEMPLATES = [
    "{label}",
    "a {label}++",
    "{label}{label}",
    "C{label}",
    "{label} b. ",
    "{label}}",
    "-{label}",
]


@given(
    st.sets(st.text(SIGNS, min_size=1, max_size=6).filter(str.strip), min_size=1, max_size=8),
    st.lists(st.sampled_from(TEMPLATES), max_size=2),
)
@example({"\u0301"}, ["C{label}"])  # a mark, which joins the letter before it
def test_all_classes_differ_and_each_can_be_asked_for(labels, templates):
    captions = Captions(use=True, templates=templates)
    rows = [known(label=label) for label in labels]
    made = learned(captions, rows)
    vocabulary = Vocabulary.from_fields(json.loads(json.dumps(asdict(made.vocabulary))))
    spelled = {unicodedata.normalize("NFC", label) for label in labels}
    assert vocabulary.classes.keys() == spelled
    asked = prompts.read(vocabulary, None, list(labels), 1.0, model="m")
    ids = [tuple(prefix) for prefix in asked.prefixes.tolist()]
    assert len({*ids}) == len(spelled)
    luck = np.zeros(len(rows))
    assert made.train.rows(np.arange(len(rows)), luck).tolist() == asked.prefixes.tolist()
    by_text = [vocabulary.text_of(unicodedata.normalize("NFC", label)) for label in labels]
    if len({*by_text}) == len(spelled):  # or a text stands for two of them
        of_texts = prompts.read(vocabulary, by_text, None, 1.0, model="m")
        assert of_texts.prefixes.tolist() == asked.prefixes.tolist()
        assert of_texts.unknown == ()


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
