"""Collages that are too large for a screen, for one picture, or for memory."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image as Pillow

import pixace
from pixace.cli import main
from pixace.errors import PixaceError
from pixace.images import layout
from pixace.images.png import read_description

pytestmark = pytest.mark.usefixtures("here")


def photos(count):
    """That many different pictures."""
    noise = np.random.default_rng(0).integers(0, 256, (count, 4, 4, 3), np.uint8)
    Path("photos").mkdir()
    for i, pixels in enumerate(noise):
        Pillow.fromarray(pixels).save(f"photos/{i:04d}.png")
    return sorted(Path("photos").iterdir())


def run(*words, code=0):
    result = CliRunner().invoke(main, [str(word) for word in words])
    assert result.exit_code == code, result.output
    return result


def size(path):
    with Pillow.open(path) as picture:
        return picture.size


def test_120_photos_go_into_one_collage():
    facts = json.loads(run("complete", *photos(120), "--json").stdout)
    assert facts["pages"] == ["completions.png"]
    assert len(facts["photos"]) == 120
    assert max(size("completions.png")) <= layout.MAX_SIDE + 600  # margins and labels
    told = read_description(Path("completions.png"))
    assert told["scale"] is None, "chosen again for other photos"
    pixace.again("completions.png", "again.png", photos=told["photos"])
    assert Path("completions.png").read_bytes() == Path("again.png").read_bytes()


@pytest.fixture
def small(monkeypatch):
    """Room for 10 rows and columns of 4x4 pixels."""
    monkeypatch.setattr(layout, "MAX_SIDE", 60)


def test_more_rows_than_fit_go_on_pages_each_of_which_is_made_again_by_itself(small):
    files = photos(25)
    result = run("complete", *files, "--samples", 2, "--out", "out.png", "--each", "each")
    assert result.stdout.startswith("out.png to out-3.png: 25 photos finished by ")
    pages = [Path("out.png"), Path("out-2.png"), Path("out-3.png")]
    told = [read_description(page) for page in pages]
    named = [Path(photo).name for each in told for photo in each["photos"]]
    assert named == [file.name for file in files]
    assert [len(each["photos"]) for each in told] == [9, 9, 7]
    for page, each in zip(pages, told, strict=True):
        pixace.again(page, "again.png", photos=each["photos"])
        assert page.read_bytes() == Path("again.png").read_bytes()
    run(
        "complete",
        *told[1]["photos"],
        "--again",
        "out-2.png",
        "--out",
        "alone.png",
        "--each",
        "alone",
    )
    for i in range(9 * 2):
        with Pillow.open(f"alone/{i:04d}.png") as one, Pillow.open(f"each/{18 + i:04d}.png") as two:
            np.testing.assert_array_equal(np.asarray(one), np.asarray(two))


def test_all_pages_are_named_as_json_and_skipped_photos_take_no_room(small):
    files = photos(11)
    Path("photos/0003.png").write_bytes(b"no picture")
    facts = json.loads(run("complete", *files, "--samples", 1, "--json").stdout)
    assert facts["pages"] == ["completions.png"]
    Pillow.new("L", (4, 4)).save("photos/0003.png")
    facts = json.loads(run("complete", *files, "--samples", 1, "--json").stdout)
    assert facts["pages"] == ["completions.png", "completions-2.png"]
    assert facts["out"] == "completions.png"


def test_pages_write_over_nothing_that_was_not_named(small, here, monkeypatch):
    files = photos(11)
    Path("out-2.png").write_text("mine")
    monkeypatch.setattr(pixace.sampling.token_sampler.TokenSampler, "finish", None)
    said = run("complete", *files, "--out", "out.png", code=1).stderr
    assert said.startswith("Error: out-2.png exists, and the collage has 2 pages, out.png to ")
    assert Path("out-2.png").read_text() == "mine"
    assert not Path("out.png").exists()


def test_a_single_completion_remembers_its_own_photo_alone():
    files = photos(3)
    pixace.complete(files, samples=2, seed=4, collage=False, each="each")
    told = read_description(Path("each/0003.png"))
    assert told["photos"] == [str(Path("photos/0001.png").absolute())]
    assert (told["picture"], len(told["sha256"])) == (3, 1)
    more = {"photos": told["photos"], "collage": False, "each": "row"}
    facts = pixace.again("each/0003.png", "row.png", **more).as_dict()
    assert len(facts["photos"]) == 1
    with Pillow.open("each/0003.png") as one, Pillow.open("row/0001.png") as two:
        np.testing.assert_array_equal(np.asarray(one), np.asarray(two))


@pytest.mark.parametrize("n", [10**9, 10**30])
def test_pictures_beyond_all_measure_are_refused_by_reckoning(n, monkeypatch):
    monkeypatch.setattr(pixace.sampling.sampler.Sampler, "generate_tokens", None)
    said = run("generate", "--n", n, code=1).stderr
    assert "pictures of 4x4 pixels are too many at once; draw at most 8,388,608" in said
    assert said.count("\n") == 1
    photos(1)
    said = run("complete", "photos/0000.png", "--samples", n, code=1).stderr
    assert "too many at once" in said


def test_more_than_a_collage_holds_is_told_how_to_go_on(monkeypatch):
    monkeypatch.setattr(pixace.sampling.sampler.Sampler, "generate_tokens", None)
    said = run("generate", "--n", 4_000_000, code=1).stderr
    assert "1,667 columns and 1,667 rows are the most: draw fewer, or write each by itself" in said
    assert "with --each FOLDER --no-collage" in said
    said = run("complete", *photos(1), "--samples", 2000, code=1).stderr
    assert "1,667 columns and 1,667 rows are the most: ask for fewer samples, or" in said


def test_a_scale_of_the_users_is_answered_with_the_largest_that_fits():
    files = photos(100)
    said = run("complete", *files, "--scale", 30, code=1).stderr
    assert "is too large; 10000 a side is the most: choose --scale 23, or show fewer" in said
    run("complete", *files, "--scale", 23, "--samples", 1)
    with pytest.raises(PixaceError, match="choose --scale 23"):
        pixace.generate(n=10_000, scale=25)
    with pytest.raises(PixaceError, match="a film of 9695x9695 pixels is too large"):
        pixace.generate(n=10_000, scale=23, gif="film.gif")


def test_many_pictures_by_themselves_need_no_collage(small):
    with pytest.raises(PixaceError, match="too large"):
        pixace.generate(n=200, each="each")
    facts = json.loads(
        run("generate", "--n", 200, "--no-collage", "--each", "each", "--json").stdout
    )
    assert (facts["out"], facts["each"]) == (None, "each")
    assert len(list(Path("each").iterdir())) == 200
    assert not Path("collage.png").exists()
    facts = pixace.complete(photos(3), samples=20, each="done", collage=False).as_dict()
    assert (facts["out"], facts["pages"]) == (None, [])
    assert len(list(Path("done").iterdir())) == 60


def test_without_a_collage_something_else_must_be_asked_for():
    assert "name a folder with --each" in run("generate", "--no-collage", code=1).stderr
    with pytest.raises(PixaceError, match="nothing to write without a collage"):
        pixace.complete(photos(1), collage=False)
    assert run("generate", "--n", 2, "--no-collage", "--gif", "a.gif").stdout.startswith("a.gif: 2")
