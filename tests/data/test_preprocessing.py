"""From pictures to tokens: what is kept for the next time, and what the user is told."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from pixace.data import token_set_writer, tokenization
from pixace.data.preprocessing import Preprocessing
from pixace.data.token_cache import cached
from pixace.data.token_set_summary import TOLD
from pixace.errors import ImageError, PixaceError, SourceError
from pixace.sources import open_source

SMALL = Preprocessing(size=4, colors="grey:4")


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """An empty folder to work in, and an empty cache beside it."""
    monkeypatch.setenv("PIXACE_CACHE", str(tmp_path / "cache"))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


def make(name, good=2, bad=0):
    """A folder of some good pictures and some bad ones."""
    folder = Path(name)
    folder.mkdir(parents=True)
    for i in range(good):
        Pillow.new("L", (4, 4), 100 * i).save(folder / f"good{i}.png")
    for i in range(bad):
        (folder / f"bad{i:02d}.png").write_bytes(b"no picture")
    return folder


@pytest.fixture
def builds(monkeypatch):
    """Counts how often tokens are made."""
    made = []
    write = token_set_writer.write
    monkeypatch.setattr(token_set_writer, "write", lambda *a, **k: made.append(a) or write(*a, **k))
    return made


def test_tokens_are_made_once_while_nothing_changes(builds):
    folder = make("photos")
    first, second = cached(SMALL, "photos"), cached(SMALL, folder)
    assert first.path == second.path
    assert len(builds) == 1
    Pillow.new("L", (4, 4)).save(folder / "more.png")
    assert cached(SMALL, "photos").header.origin.pictures == 3
    assert len(builds) == 2


@pytest.mark.parametrize(
    "other",
    [
        {"size": "4x2"},
        {"colors": "grey:2"},
        {"order": "column"},
        {"fit": "pad"},
        {"background": "black"},
        {"alpha": "threshold"},
        {"validation_fraction": 0.5},
    ],
    ids=str,
)
def test_every_setting_has_tokens_of_its_own(other, builds):
    make("photos")
    cached(SMALL, "photos")
    cached(Preprocessing(**{"size": 4, "colors": "grey:4", **other}), "photos")
    assert len({args[1] for args in builds}) == 2


def test_labels_make_tokens_of_their_own(builds):
    make("photos/cats")
    assert not list(cached(SMALL, "photos").records("train"))
    assert [it["label"] for it in cached(SMALL, "photos", labels=True).records("train")] == ["cats"]


def test_damaged_tokens_in_the_cache_are_made_again(builds):
    make("photos")
    path = cached(SMALL, "photos").path
    (path / "train-00000.npy").write_bytes(b"")
    assert len(cached(SMALL, "photos").split("train")) == 1
    assert len(builds) == 2


def test_two_processes_may_make_the_same_tokens(monkeypatch):
    """The other one is done while this one still works."""
    make("photos")
    write = token_set_writer.write

    def late(survey, out, *args, **settings):
        write(survey, out, *args, **settings)
        return write(survey, out, *args, **settings)

    monkeypatch.setattr(token_set_writer, "write", late)
    assert cached(SMALL, "photos").header.splits == {"train": 1, "validation": 1}


def test_bad_pictures_are_told_when_tokens_are_made_and_when_they_are_found(capsys):
    make("photos", bad=1)
    for _ in range(2):
        cached(SMALL, "photos", progress=True)
        said = capsys.readouterr()
        assert said.out == ""
        assert said.err.startswith("skipped bad00.png: ")
        assert said.err.count("\n") == 1
    cached(SMALL, "photos")
    assert capsys.readouterr().err == ""


def test_many_bad_pictures_are_counted(capsys):
    make("photos", bad=TOLD + 3)
    made = tokenization.build(SMALL, open_source("photos"), Path("set"), progress=True)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == TOLD + 1
    assert lines[-1] == f"skipped 3 more; {Path('set', 'header.json')} names them"
    assert made.header.skipped == TOLD + 3


def test_captions_that_cannot_be_read_are_told_when_tokens_are_made_and_when_they_are_found(capsys):
    make("photos")
    (Path("photos") / "good0.txt").write_bytes("红色的猫".encode("gbk"))
    reason = "good0.png: its caption good0.txt is in no encoding that can be told; save it as UTF-8"
    for _ in range(2):
        found = cached(SMALL, "photos", progress=True)
        assert capsys.readouterr().err == f"unread {reason}\n"
        assert (found.header.skipped, found.header.unread) == (0, 1)
        assert found.header.unread_first == (reason,)


def test_strict_stops_also_where_the_tokens_are_made_already():
    make("photos", bad=1)
    with pytest.raises(ImageError, match=r"bad00\.png"):
        cached(SMALL, "photos", strict=True)
    cached(SMALL, "photos")
    with pytest.raises(ImageError, match=r"bad00\.png"):
        cached(SMALL, "photos", strict=True)


def test_pictures_to_look_at_are_taken_evenly_and_bad_ones_left_out():
    np.save("many.npy", np.repeat(np.arange(100, dtype=np.uint8), 16).reshape(100, 4, 4))
    images = tokenization.sample(SMALL, open_source("many.npy"), 3)
    assert images[:, 0, 0, 0].tolist() == [0, 50, 99]
    make("photos", good=2, bad=2)
    assert len(tokenization.sample(SMALL, open_source("photos"), 10)) == 2
    make("worse", good=0, bad=2)
    with pytest.raises(
        SourceError, match=r"no picture of worse can be read; the first: bad00\.png"
    ):
        tokenization.sample(SMALL, open_source("worse"), 10)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"size": "8x"}, "no size '8x'"),
        ({"size": 0}, "no size '0'"),
        ({"size": "1025x1024"}, "1025x1024 pixels would make 1,049,600 tokens of a picture"),
        ({"colors": "hvs:1,1,1"}, "no colours 'hvs'.* Did you mean hsv"),
        ({"order": "patch:3"}, "patches of 3x3 do not fill 32x32 pixels"),
        ({"order": "rastr"}, "no order 'rastr'.* Did you mean raster"),
        ({"fit": "crip"}, "no fit 'crip'"),
        ({"background": "whte"}, "no colour 'whte'"),
        ({"alpha": "blnd"}, "no alpha 'blnd'.* Did you mean blend"),
        ({"validation_fraction": 1.0}, "a validation fraction of 1 makes no sense"),
    ],
    ids=str,
)
def test_settings_that_make_no_sense_are_answered(settings, words):
    make("photos")
    with pytest.raises(PixaceError, match=words):
        tokenization.build(Preprocessing(**settings), open_source("photos"), Path("set"))
    assert not Path("set").exists()
