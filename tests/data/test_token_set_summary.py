"""What tokenizing says of what it found: a short line, and nothing of what is not there."""

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image as Pillow

from pixace import tokenizers
from pixace.cli import main
from pixace.data import token_set_summary, token_set_writer
from pixace.data.splits import Survey
from pixace.sources import Record

TOKENIZER = tokenizers.by_spec("pixel size=4x2 colors=grey:256 order=raster")


class Source:
    """Pictures of the numbers 0, 1, 2, … or of given ones, with what their records say."""

    def __init__(self, *records, shows=None):
        self.spec = "source"
        self.records = [Record(f"{i}", f"{i}", **about) for i, about in enumerate(records)]
        self.shows = shows or range(len(records))

    def __len__(self):
        return len(self.records)

    def record(self, i):
        return self.records[i]

    def read(self, i):
        return np.full((2, 4, 3), self.shows[i], np.uint8)

    def fingerprint(self):
        return "1"


@pytest.fixture
def found(tmp_path, capsys):
    """What is said of pictures."""

    def said(*records, shows=None, validation=None, validation_fraction=0.05):
        survey = Survey(Source(*records, shows=shows), validation, validation_fraction)
        made = token_set_writer.write(survey, tmp_path / "set", TOKENIZER)
        token_set_summary.tell_found(made)
        return capsys.readouterr().err

    return said


def test_nothing_is_said_of_what_is_not_there(found):
    assert found(*[{}] * 5) == ""


def test_labels_and_captions_are_counted(found):
    cats, dogs = [{"label": "cat"}] * 3, [{"label": "dog", "caption": "a dog"}] * 5
    assert found(*cats, *dogs, {}, {}) == (
        "labels: 2 classes (dog 5, cat 3), 2 without; captions: 5 of 10\n"
    )


def test_labels_that_differ_in_capitals_alone_are_said(found):
    rows = [{"label": label} for label in ("cat", "Cat", "dog", "Hat", "hat", "HAT", "Dot")]
    assert found(*rows) == (
        "labels: 7 classes (cat 1, Cat 1, dog 1, hat 1, HAT 1, …), "
        "5 of which differ in capitals alone, such as cat and Cat\n"
    )


def test_captions_alone(found):
    assert found({"caption": "one"}, {}, {"caption": "two"}) == "captions: 2 of 3\n"


def test_the_line_is_short_whatever_labels_are_called(found):
    many = [{"label": f"{i:02d}\n{'x' * 1000}"} for i in range(50)]
    line = found(*many)
    assert line.startswith(r"labels: 50 classes (00\nxxx")
    assert line.endswith("…)\n")
    assert line.count("\n") == 1
    assert len(line) < 200


def test_marks_and_what_they_leave_out_are_said(found):
    marks = [{"split": "train"}] * 4 + [{"split": "validation"}] * 2 + [{"split": "test"}] * 3
    assert found(*marks, shows=[0, 1, 2, 3, 3, 5, 6, 7, 8]) == (
        "split: marked train 4, validation 2, test 3; left out: 3 marked test, "
        "1 equal to pictures on the other side\n"
    )


def test_a_share_of_the_marked_is_said(found):
    marks = [{"split": "train"}] * 4 + [{}] + [{"split": "test"}] * 3
    assert found(*marks) == (
        "split: marked train 4, test 3, unmarked 1, and a share of those to train on is held out; "
        "left out: 3 marked test\n"
    )


def test_a_share_in_place_of_marked_ones_is_said(found):
    marks = [{"split": "train"}] * 4 + [{"split": "validation"}] * 2
    assert found(*marks, shows=[0, 1, 0, 1, 0, 1]) == (
        "split: marked train 4, validation 2, and a share of those to train on is held out; "
        "left out: 2 equal to pictures on the other side; "
        "2 pictures are equal to others, and on the same side\n"
    )


def test_a_source_that_wins_over_marks_is_said(found):
    marks = [{"split": "train"}] * 4 + [{"split": "validation"}] * 2
    other = Source({}, {}, shows=[100, 101])
    assert found(*marks, validation=other) == (
        "split: marked train 4, validation 2, but the validation source wins; "
        "left out: 2 marked validation\n"
    )


@pytest.mark.parametrize(
    ("shows", "line"),
    [
        ([0, 1, 2, 0], "1 picture is equal to another, and on the same side\n"),
        ([0, 1, 2, 2, 1, 1], "3 pictures are equal to others, and on the same side\n"),
        ([7, 7, 7], "2 pictures are equal to others\n"),
    ],
)
def test_equal_pictures_are_counted(found, shows, line):
    assert found(*[{}] * len(shows), shows=shows) == line


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("photos").mkdir()
    for i in range(4):
        Pillow.new("L", (4, 4), 60 * i).save(f"photos/{i}.png")
    return tmp_path


def tokenize(*words):
    done = CliRunner().invoke(main, ["tokenize", *words, "--size", "4"])
    assert done.exit_code == 0, done.output
    return done


def test_the_command_says_what_nothing_held_out_means(here):
    none = tokenize("photos", "set", "--validation-fraction", "0")
    assert none.stderr.startswith("no picture is held out: a model of these tokens is judged by")
    assert none.stderr.count("\n") == 1
    assert "4 pictures to train on, 0 for validation, 0 skipped; next" in none.stdout
    assert tokenize("photos", "other").stderr == ""


def test_the_only_picture_of_two_that_can_be_read_is_trained_on(here):
    for name in ("1.png", "2.png", "3.png"):
        Path("photos", name).write_bytes(b"no picture")
    said = tokenize("photos", "set")
    assert said.stderr.splitlines()[-1].startswith("no picture is held out: ")
    assert "1 pictures to train on, 0 for validation, 3 skipped" in said.stdout


def test_the_command_counts_what_is_left_out(here):
    said = tokenize("photos", "set", "--validation", "photos")
    assert said.stderr.splitlines()[0] == ("left out: 4 equal to pictures on the other side")
    assert "4 pictures to train on, 0 for validation, 0 skipped, 4 left out; next" in said.stdout
