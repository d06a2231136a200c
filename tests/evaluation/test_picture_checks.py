"""Checks of pictures: what is wrong with some is found, and counted rightly."""

import numpy as np
import pytest
from PIL import Image as Pillow

import pixace
from pixace.data.token_set import TokenSet
from pixace.evaluation import picture_checks
from pixace.evaluation.finding import Finding, unfinished, worst
from pixace.sources import open_source

SIDE = 12


def blurs(count, seed=0):
    """Pictures of soft spots, all of them different."""
    spots = np.random.default_rng(seed).integers(0, 256, (count, 4, 4, 3), np.uint8)
    size, way = (2 * SIDE, 2 * SIDE), Pillow.Resampling.BICUBIC
    return [Pillow.fromarray(each).resize(size, way) for each in spots]


@pytest.fixture
def tokens(tmp_path):
    """Makes token sets of pictures, in files of a kind."""

    def saved(pictures, folder, suffix, **how):
        folder.mkdir()
        for number, picture in enumerate(pictures):
            picture.save(folder / f"{number:03}.{suffix}", **how)
        return folder

    def made(pictures, validation=None, *, quality=60, **settings):
        own = saved(pictures, tmp_path / "own", "png")
        other = None
        if validation is not None:
            other = saved(validation, tmp_path / "other", "jpg", quality=quality)
        given = {"size": SIDE, "colors": "rgb:3,3,2", "validation": other} | settings
        return pixace.tokenize(own, tmp_path / "set", **given)

    return made


def test_the_worst_of_several_states_is_told():
    assert worst((False, "broken"), (True, "look")) == "look"
    assert worst((True, "look"), (True, "broken")) == "broken"
    assert worst((False, "broken"), (False, "look")) == "ok"
    assert unfinished("a").state == "look"
    assert Finding("a", "ok", "b").as_dict() == {
        "name": "a",
        "state": "ok",
        "found": "b",
        "advice": "",
        "facts": {},
    }


def test_good_pictures_are_well(tokens):
    data = tokens(blurs(260))
    found = [
        picture_checks.pictures(data),
        picture_checks.unread(data.header),
        picture_checks.duplicates(data.header),
        picture_checks.parts(data),
        picture_checks.colours(data),
    ]
    assert [each.state for each in found] == ["ok"] * 5
    assert found[0].facts == {"train": 247, "validation": 13, "listed": 260}
    assert found[3].facts == {"looked_at": 13, "equal": 0, "close": 0}


def test_few_pictures_or_none_held_out_are_to_be_looked_at(tokens, tiny_pictures, tmp_path):
    assert picture_checks.pictures(tokens(blurs(30))).state == "look"
    alone = pixace.tokenize(tiny_pictures, tmp_path / "alone", size=4, validation_fraction=0)
    found = picture_checks.pictures(alone)
    assert (found.state, found.facts["validation"]) == ("look", 0)
    assert "validation_fraction" in found.advice
    assert picture_checks.parts(alone) is None


@pytest.mark.parametrize(("bad", "state"), [(0, "ok"), (1, "look"), (8, "broken")])
def test_files_that_cannot_be_read_are_named(tmp_path, bad, state):
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number, picture in enumerate(blurs(20)):
        file = folder / f"{number:02}.png"
        picture.save(file)
        if number < bad:
            file.write_bytes(file.read_bytes()[:60])
    data = pixace.tokenize(folder, tmp_path / "set", size=SIDE)
    found = picture_checks.unread(data.header)
    assert (found.state, found.facts["unread"]) == (state, bad)
    assert ("00.png: truncated" in found.found) == bool(bad)


@pytest.mark.parametrize(
    ("size", "fit", "state", "words"),
    [
        ((24, 24), "crop", "ok", "0% are smaller"),
        ((25, 24), "crop", "look", "100% are smaller"),
        ((8, 24), "crop", "look", "a crop keeps 33% of the median picture"),
        ((8, 24), "pad", "ok", "0% are smaller than the model's 24x8"),
    ],
)
def test_small_pictures_and_crops_that_lose_much_are_told(tmp_path, size, fit, state, words):
    for number, picture in enumerate(blurs(4)):
        picture.save(tmp_path / f"{number}.png")
    (tmp_path / "broken.png").write_bytes(b"none")
    found = picture_checks.sizes(open_source(tmp_path), size, fit)
    assert (found.state, found.facts["pictures"]) == (state, 4)
    assert words in found.found


def test_sides_are_those_of_pictures_as_they_are_shown(tmp_path):
    exif = Pillow.Exif()
    exif[0x0112] = 6  # turned by a quarter
    Pillow.new("RGB", (6, 4)).save(tmp_path / "turned.jpg", exif=exif)
    Pillow.new("RGB", (6, 4)).save(tmp_path / "upright.jpg")
    found = picture_checks.sides(open_source(tmp_path), 10)
    assert found.tolist() == [[6, 4], [4, 6]]
    assert picture_checks.sides(open_source(np.zeros((3, 5, 7), np.uint8)), 2).tolist() == [
        [5, 7],
        [5, 7],
    ]


def test_copies_of_pictures_are_counted(tokens):
    some = blurs(20)
    data = tokens([*some, *some[:5]])
    found = picture_checks.duplicates(data.header)
    assert (found.state, found.facts["equal"]) == ("look", 5)


def test_held_out_pictures_that_are_training_pictures_in_other_files_are_found(tokens):
    """The same pictures, packed as JPEG once more: no pixel is equal."""
    some = blurs(60)
    found = picture_checks.parts(tokens(some, some[:10]))
    assert (found.state, found.facts) == ("broken", {"looked_at": 10, "equal": 0, "close": 10})


def test_few_of_them_are_to_be_looked_at(tokens):
    some = blurs(60)
    found = picture_checks.parts(tokens(some, [*some[:1], *blurs(9, seed=1)]))
    assert (found.state, found.facts["close"]) == ("look", 1)


def test_equal_ones_that_were_left_out_are_told(tokens, tmp_path):
    some = blurs(60)
    own = tokens(some, blurs(9, seed=1))
    assert picture_checks.parts(own).state == "ok"
    for number in range(3):
        some[number].save(tmp_path / "other" / f"own-{number}.png")
    given = {"size": SIDE, "colors": "rgb:3,3,2", "validation": tmp_path / "other"}
    found = picture_checks.parts(pixace.tokenize(tmp_path / "own", tmp_path / "more", **given))
    assert found.state == "look"
    assert "3 training pictures were equal" in found.found


def test_a_validation_source_that_is_the_training_source_leaves_none(tokens, tmp_path):
    own = tokens(blurs(10))
    found = picture_checks.parts(own)
    assert found.state == "ok"
    given = {"size": SIDE, "colors": "rgb:3,3,2", "validation": tmp_path / "own"}
    again = pixace.tokenize(tmp_path / "own", tmp_path / "again", **given)
    found = picture_checks.parts(again)
    assert (found.state, found.facts) == ("broken", {"equal": 10})


class Repeating(TokenSet):
    """A token set that holds out what it trains on."""

    def split(self, name):
        return super().split("train")


def test_rows_that_are_on_both_sides_are_found(tokens):
    data = tokens(blurs(30))
    found = picture_checks.parts(Repeating(data.path, data.header))
    assert (found.state, found.facts["equal"]) == ("broken", 28)


@pytest.mark.parametrize(
    ("colors", "state", "words"),
    [
        ("grey:4", "ok", "4 of 4 occur"),
        ("hsv:4,3,3", "look", "--colors grey:16"),
        ("palette:000000,555555,aaaaaa,ffffff,ff0000", "look", "--colors grey:16"),
    ],
)
def test_colours_that_never_occur_are_told(tiny_pictures, tmp_path, colors, state, words):
    data = pixace.tokenize(tiny_pictures, tmp_path / "set", size=4, colors=colors)
    found = picture_checks.colours(data)
    assert found.state == state
    assert words in f"{found.found} {found.advice}"
