"""Sprite sheets and strips, cut into tiles."""

import json
import pickle
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image as Pillow

import pixace
from pixace.cli import main
from pixace.data.preprocessing import Preprocessing
from pixace.data.token_cache import cached
from pixace.errors import ImageError, PixaceError, SourceError
from pixace.images import loader
from pixace.sources import open_source
from pixace.sources.tiles import Tiles


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """An empty folder to work in, and an empty cache beside it."""
    monkeypatch.setenv("PIXACE_CACHE", str(tmp_path / "cache"))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")


def numbered(rows, columns, side=4):
    """Pixels of a sheet: the upper half of tile n is of grey n, the lower one black."""
    sheet = np.zeros((rows * side, columns * side, 3), np.uint8)
    for n in range(rows * columns):
        top, left = n // columns * side, n % columns * side
        sheet[top : top + side // 2, left : left + side] = n + 1
    return sheet


def save(name, pixels):
    Path(name).parent.mkdir(exist_ok=True)
    Pillow.fromarray(pixels).save(name)


def greys(tiles):
    """The grey of each tile."""
    return [int(loader.load(tiles.read(i), None)[0, 0, 0]) for i in range(len(tiles))]


def test_a_sheet_is_as_many_pictures_as_it_has_tiles():
    save("in/sheet.png", numbered(2, 3))
    tiles = open_source("in", tiles="4x4")
    assert isinstance(tiles, Tiles)
    names = [tiles.record(i).name for i in range(len(tiles))]
    assert names == [f"sheet.png[{column},{row}]" for row in range(2) for column in range(3)]
    assert greys(tiles) == [1, 2, 3, 4, 5, 6]
    assert greys(pickle.loads(pickle.dumps(tiles))) == [1, 2, 3, 4, 5, 6]
    assert tiles.read(4).shape == (4, 4, 3)


def test_tiles_need_not_be_square():
    save("in/strip.png", numbered(1, 3))
    tiles = open_source("in", tiles="6x2")
    assert [tiles.read(i).shape for i in range(len(tiles))] == [(2, 6, 3)] * 2


def test_empty_tiles_are_left_out_and_counted():
    """Of one colour, or wholly transparent whatever colours lie below."""
    sheet = np.dstack([numbered(1, 4), np.full((4, 16), 255, np.uint8)])
    sheet[:, 4:8] = (7, 8, 9, 255)
    sheet[:, 8:12, 3] = 0
    save("in/sheet.png", sheet)
    tiles = open_source("in", tiles=4)
    assert [tiles.record(i).name for i in range(len(tiles))] == ["sheet.png[0,0]", "sheet.png[3,0]"]
    assert tiles.notes == ("in: 2 tiles of 4x4 in 1 picture; 2 empty ones are left out",)
    save("in/sheet.png", sheet[:, 4:12])
    with pytest.raises(SourceError, match="in has 2 tiles of 4x4, and all are empty; choose"):
        len(open_source("in", tiles=4))


def test_what_is_no_whole_tile_is_cut_off_and_told():
    save("in/a.png", numbered(2, 3)[:7, :10])
    tiles = open_source("in", tiles=4)
    assert greys(tiles) == [1, 2]
    assert tiles.notes[1] == (
        "a.png: 10x7 pixels are no whole tiles of 4x4; cut off at the right 2, at the bottom 3"
    )


def test_sheets_that_cannot_be_cut_are_bad_pictures():
    save("in/good.png", numbered(3, 3))
    save("in/small.png", numbered(1, 1)[:3])
    Path("in/zz.png").write_bytes(b"no picture")
    made = pixace.tokenize("in", "set", tiles=4, colors="grey:256")
    assert made.header.skipped_first == (
        "small.png: 4x3 pixels, less than a tile of 4x4",
        "zz.png: not a picture but text",
    )
    assert sum(made.header.splits.values()) == 9
    with pytest.raises(ImageError, match=r"small\.png"):
        pixace.tokenize("in", "other", tiles=4, strict=True)


def test_equal_tiles_share_a_group_and_all_share_what_is_known_of_the_sheet():
    sheet = numbered(1, 3)
    sheet[:, 8:] = sheet[:, :4]
    save("knights/sheet.png", sheet)
    Path("knights/sheet.txt").write_text("a knight", encoding="utf-8")
    tiles = open_source(".", labels=True, tiles=4)
    one, two, three = (tiles.record(i) for i in range(3))
    assert one.group == three.group != two.group
    assert {(each.caption, each.label) for each in (one, two, three)} == {("a knight", "knights")}


def test_tokens_do_not_depend_on_the_number_of_processes(monkeypatch):
    save("in/a.png", numbered(16, 15))
    save("in/b.png", numbered(16, 15)[:, ::-1])
    monkeypatch.setattr("pixace.data.parallel_encoding.CHUNK_PICTURES", 100)
    sets = [pixace.tokenize("in", f"set{n}", tiles=4, colors="grey:256", workers=n) for n in (1, 2)]
    assert sets[0].header.files == sets[1].header.files
    assert sets[0].header.origin.pictures == 480
    assert sets[0].tokenizer.size == (4, 4)


def test_each_sheet_is_decoded_once_for_all_of_its_tiles(monkeypatch):
    save("in/a.png", numbered(4, 4))
    save("in/b.png", numbered(4, 4)[::-1])
    tiles = open_source("in", tiles=4)
    assert len(tiles) == 32
    loaded, load = [], loader.load
    monkeypatch.setattr(loader, "load", lambda *a, **k: loaded.append(k["name"]) or load(*a, **k))
    for i in range(32):
        tiles.read(i)
    assert loaded == ["a.png", "b.png"]


def test_tiles_of_exact_colours_keep_every_pixel_and_the_line_says_what_was_cut():
    sheet = np.dstack([numbered(2, 4), np.full((8, 16), 255, np.uint8)])
    sheet[::4, :, 3] = 0
    save("in/sheet.png", sheet)
    words = ["tokenize", "in", "set", "--tiles", "4x4", "--colors", "exact", "--json"]
    result = CliRunner().invoke(main, words, catch_exceptions=False)
    said = "in: 8 tiles of 4x4 in 1 picture; 0 empty ones are left out"
    assert said in result.stderr.splitlines()
    assert json.loads(result.stdout)["notes"] == [said]
    made = pixace.data.token_set.open_set("set")
    rows = np.concatenate(
        [made.split(it).rows(range(made.header.splits[it])) for it in ("train", "validation")]
    )
    shown = made.tokenizer.decode(rows)
    assert sorted(shown[:, 1, 0, 0].tolist()) == [1, 2, 3, 4, 5, 6, 7, 8]
    assert (shown[:, 0] == made.header.background).all()


def test_the_size_of_tiles_has_tokens_of_its_own_in_the_cache():
    save("in/sheet.png", numbered(4, 4))
    sizes = [cached(Preprocessing(tiles=tiles), "in").tokenizer.size for tiles in ("4x4", 8, "4x4")]
    assert sizes == [(4, 4), (8, 8), (4, 4)]
    enlarged = cached(Preprocessing(tiles=4, size=8, colors="grey:256"), "in")
    assert enlarged.header.splits == {"train": 15, "validation": 1}
    with pytest.raises(PixaceError, match="no size '4x'"):
        Preprocessing(tiles="4x")


def test_arrays_and_lists_can_be_cut():
    tiles = open_source([numbered(2, 2), numbered(1, 1)], tiles=4)
    assert greys(tiles) == [1, 2, 3, 4, 1]
    assert tiles.record(4).name == "list[1][0,0]"
    assert tiles.record(4).group == tiles.record(0).group
    assert tiles.fingerprint() != tiles.source.fingerprint()
