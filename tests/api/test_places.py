"""Where pictures go: nothing of the user's is lost, and what cannot work is said before drawing."""

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner
from PIL import Image as Pillow

import pixace
from pixace.api import places
from pixace.cli import main
from pixace.images.png import read_description


@pytest.fixture(autouse=True)
def photo(here):
    Pillow.new("L", (4, 4)).save(here / "photo.png")


def names(folder):
    return sorted(path.name for path in Path(folder).iterdir())


def everything(folder):
    return {path: path.is_file() and path.read_bytes() for path in folder.rglob("*")}


@pytest.fixture
def refused(here, monkeypatch):
    """The one line that a command answers with before it draws, leaving all as it was."""

    def ask(*words):
        before = everything(here)
        with monkeypatch.context() as patch:
            patch.setattr(pixace.sampling.token_sampler.TokenSampler, "finish", None)
            result = CliRunner().invoke(main, [str(word) for word in words])
        assert result.exit_code == 1, result.output
        assert isinstance(result.exception, SystemExit), "a traceback"
        assert result.stderr.count("\n") == 1
        assert everything(here) == before
        return result.stderr

    return ask


def test_a_folder_with_numbered_pictures_is_not_drawn_into(refused):
    pixace.generate(n=4, each="each")
    said = "each has numbered pictures already, from 0000.png to 0003.png, which would be mixed"
    assert said in refused("generate", "--n", 2, "--each", "each")
    assert said in refused("complete", "photo.png", "--each", "each")


@pytest.mark.parametrize("name", ["7.png", "00012.PNG"])
def test_whoever_made_them(refused, name):
    Path("each").mkdir()
    Path("each", name).write_text("mine")
    assert f"from {name} to {name}" in refused("generate", "--each", "each")


def test_other_files_in_the_folder_stay():
    Path("each").mkdir()
    Path("each/cat.png").write_text("mine")
    pixace.generate(n=2, each="each")
    assert names("each") == ["0000.png", "0001.png", "cat.png"]
    assert Path("each/cat.png").read_text() == "mine"


@pytest.mark.parametrize("count", [2, 9_999, 10_000, 10_001, 123_456])
def test_names_are_sorted_as_numbers_are(count):
    numbers = [0, 1, 9, 10, 999, 1000, 9_998, 9_999, 10_000, 99_999, 100_000, count - 1]
    numbers = sorted({number for number in numbers if number < count})
    names = [places.single(Path(), number, count).name for number in numbers]
    assert sorted(names) == names
    assert [int(name.removesuffix(".png")) for name in names] == numbers
    assert names[0] == f"{'0' * max(4, len(str(count - 1)))}.png"


PLACES = [
    ("--out file/c.png", "cannot write file/c.png: not a directory; choose another place"),
    ("--out folder", "folder is a folder; name a file in it, such as folder/a.png"),
    ("--out c.jpg", "cannot write c.jpg: its name must end in .png"),
    (f"--out {'c' * 300}.png", "file name too long; choose a shorter one"),
    (f"--out {'c' * 300}/c.png", "file name too long; choose a shorter one"),
    ("--out broken/c.png", "cannot write broken/c.png: not a directory; choose another place"),
    ("--out each/0001.png --each each", "each/0001.png would be in the way of the pictures in"),
    ("--out a.png --each a.png", "a.png would be in the way of the pictures in a.png"),
    ("--each file", "cannot write file: not a directory; choose another place"),
    ("--each file/each", "not a directory; choose another place"),
    ("--each broken", "cannot write broken: not a directory; choose another place"),
]
FILMS = [
    ("--gif film.png", "cannot write film.png: its name must end in .gif"),
    ("--gif file/film.gif", "cannot write file/film.gif: not a directory"),
    ("--gif folder", "folder is a folder; name a file in it, such as folder/a.gif"),
]


@pytest.mark.parametrize(
    ("command", "words", "said"),
    [
        *(("complete photo.png", *each) for each in PLACES),
        *(("generate", *each) for each in [*PLACES, *FILMS]),
    ],
)
def test_what_cannot_be_written_is_said_before_anything_is_drawn(refused, command, words, said):
    Path("file").write_text("a file")
    Path("folder").mkdir()
    Path("broken").symlink_to("nothing")
    assert said in refused(*command.split(), *words.split())


@pytest.mark.parametrize(
    "words",
    ["--out new/c.png", "--no-collage --each new/each", "--no-collage --gif new/film.gif"],
)
def test_a_disk_that_refuses_is_told_before_anything_is_drawn(refused, monkeypatch, words):
    def refuse(**_):
        raise OSError(30, os.strerror(30))

    monkeypatch.setattr(places.tempfile, "NamedTemporaryFile", refuse)
    said = refused("generate", *words.split())
    assert said.startswith(f"Error: cannot write {words.split()[-1]}")
    assert "read-only file system; choose another place" in said


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_is_told_before_anything_is_drawn(refused, here):
    Path("folder").mkdir(mode=0o555)
    for words in ("--out folder/c.png", "--each folder", "--gif folder/new/film.gif"):
        assert "permission denied; choose another place" in refused("generate", *words.split())


def test_a_photo_is_not_written_over(refused):
    Path("link.png").symlink_to("photo.png")
    assert "photo.png is one of the photos; name another file to write to" in refused(
        "complete", "photo.png", "--out", "photo.png"
    )
    for photo, out in (("link.png", "photo.png"), ("photo.png", "./photo.png")):
        assert "is one of the photos" in refused("complete", photo, "--out", out)


def test_a_home_folder_is_found_for_photos_and_places(here, monkeypatch):
    monkeypatch.setenv("HOME", str(here))
    facts = pixace.complete("~/photo.png", "~/c.png", samples=1, each="~/each").as_dict()
    assert facts["photos"] == [str(here / "photo.png")]
    assert names(here) == ["c.png", "each", "photo.png"]
    with pytest.raises(pixace.PixaceError, match="is one of the photos"):
        pixace.complete("~/photo.png", "photo.png")


def test_folders_that_are_missing_are_made():
    pixace.generate("new/one/c.png", n=1, each="new/two/each", gif="new/three/film.gif")
    found = {str(path) for path in Path("new").rglob("*.*")}
    assert found == {"new/one/c.png", "new/two/each/0000.png", "new/three/film.gif"}


ODD = os.fsdecode(b"caf\xe9.png")  # not UTF-8
ODD_FOLDER = os.fsdecode(b"\xff\xfe")


def test_names_that_are_no_text_are_names_all_the_same(here):
    Path("photo.png").rename(ODD)
    out, each = f"{ODD_FOLDER}/{ODD}", f"{ODD_FOLDER}/each"
    for extra in ([], ["--json"]):
        words = ["complete", ODD, "nothing-\udcff.png", "--samples", "2", "--out", out]
        result = CliRunner().invoke(main, [*words, "--each", f"{each}{len(extra)}", *extra])
        assert result.exit_code == 0, result.output
        assert "skipped nothing-" in result.stderr
    facts = json.loads(result.stdout)
    assert facts["photos"] == [str(here / ODD)]
    assert (facts["out"], facts["each"]) == (out, f"{each}1")
    assert len(names(facts["each"])) == 2
    told = read_description(Path(out))
    assert told["photos"] == [str(here / ODD)]
    again = CliRunner().invoke(main, ["complete", "--again", out, "--out", "again.png"])
    assert again.exit_code == 0, again.output
    assert Path("again.png").read_bytes() == Path(out).read_bytes()
    gone = CliRunner().invoke(main, ["complete", f"no-{ODD}"])
    assert "no such file" in gone.stderr
    assert gone.exit_code == 1
    pixace.generate(f"{ODD_FOLDER}/c.png", n=1, gif=f"{ODD_FOLDER}/{ODD[:-4]}.gif")
    assert names(ODD_FOLDER) == ["c.png", f"{ODD[:-4]}.gif", ODD, "each0", "each1"]
