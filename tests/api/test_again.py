"""A collage once more: with the same photos, by the same model or not at all.

And no place is opened that the PNG names, as it may be anybody's.
"""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image as Pillow
from PIL.PngImagePlugin import PngInfo

import pixace
from pixace.cli import main
from pixace.errors import PixaceError
from pixace.images.png import read_description, save_png


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch, tiny_outcome):
    """A folder with runs, photos and a folder beside them."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PIXACE_RUNS", raising=False)
    shutil.copytree(tiny_outcome.run.path, "runs/stripes")
    Path("elsewhere").mkdir()
    noise = np.random.default_rng(0).integers(0, 256, (2, 6, 6, 3), np.uint8)
    for name, pixels in zip("ab", noise, strict=True):
        Pillow.fromarray(pixels).save(f"{name}.png")
    return tmp_path


def run(*words, code=0):
    result = CliRunner().invoke(main, [str(word) for word in words])
    assert result.exit_code == code, result.output
    assert code == 0 or result.stderr.count("\n") == 1
    return result


def pixels(path):
    with Pillow.open(path) as picture:
        return np.asarray(picture)


@pytest.mark.parametrize("drawn", ["generate --n 2", "complete a.png b.png --samples 1"])
def test_a_collage_is_made_again_in_another_folder(here, monkeypatch, drawn):
    run(*drawn.split(), "--out", "one.png", "--run", "stripes")
    monkeypatch.chdir("elsewhere")
    command, *words = drawn.split()
    photos = [here / word for word in words if word.endswith(".png")]
    said = run(command, "--again", "../one.png", "--out", "two.png", code=1).stderr
    assert "places that a picture names are not opened" in said
    run(command, *photos, "--again", "../one.png", "--runs", "../runs", "--out", "two.png")
    assert Path("two.png").read_bytes() == (here / "one.png").read_bytes()


def test_run_and_photos_are_named_so_that_people_find_them(here):
    run("complete", "a.png", "--samples", 1)
    told = read_description(Path("completions.png"))
    assert told["run"] == str(here.resolve() / "runs" / "stripes")
    assert told["photos"] == [str(here / "a.png")]


def test_a_photo_that_has_changed_is_not_finished_in_place_of_the_old_one(here):
    run("complete", "a.png", "b.png", "--samples", 1, "--out", "one.png")
    shutil.copy("a.png", "b.png")
    said = run("complete", "--again", "one.png", "--out", "two.png", code=1).stderr
    assert said.startswith(f"Error: {here / 'b.png'} has changed since; to finish photos as they ")
    assert "are now, name them: pixace complete … --again one.png" in said
    assert not Path("two.png").exists()
    run("complete", "a.png", "b.png", "--again", "one.png", "--out", "two.png")
    one, two = (read_description(Path(name)) for name in ("one.png", "two.png"))
    assert one["sha256"][0] == two["sha256"][0] == two["sha256"][1]
    assert one["sha256"][1] != two["sha256"][1]


def test_a_photo_that_is_gone_is_named(here):
    pixace.complete(["a.png", "b.png"], "one.png", samples=1)
    Path("a.png").unlink()
    with pytest.raises(
        PixaceError, match=r"no a\.png is in this folder, .* name the photos: pixace"
    ):
        pixace.again("one.png", "two.png")
    facts = pixace.again("one.png", "two.png", photos=["b.png"]).as_dict()
    assert facts["photos"] == [str(here / "b.png")]


def test_a_run_that_has_moved_is_found_by_its_name(here):
    pixace.generate("one.png", n=2)
    shutil.move("runs", "elsewhere/models")
    said = run("generate", "--again", "one.png", "--out", "two.png", code=1).stderr
    assert f"was drawn by {here.resolve() / 'runs/stripes'}, and no stripes is in" in said
    assert "say where it is, --run RUN or --runs FOLDER" in said
    run("generate", "--again", "one.png", "--runs", "elsewhere/models", "--out", "two.png")
    np.testing.assert_array_equal(pixels("one.png"), pixels("two.png"))
    told = read_description(Path("two.png"))["run"]
    assert told == str(here.resolve() / "elsewhere/models/stripes")


@pytest.mark.parametrize("change", [{"created": "2020-01-01T00:00:00"}, {"step": 3}], ids=str)
def test_another_run_of_that_name_is_not_taken_for_it(here, change):
    pixace.generate("one.png", n=1)
    told = read_description(Path("one.png"))
    lost = {"run": str(here / "lost" / "stripes")}
    save_png(Path("old.png"), pixels("one.png"), told | lost)
    pixace.again("old.png", "two.png")
    save_png(Path("old.png"), pixels("one.png"), told | lost | change)
    with pytest.raises(PixaceError, match=r"has changed since; .* add --run runs/stripes"):
        pixace.again("old.png", "three.png")
    assert not Path("three.png").exists()
    pixace.again("old.png", "three.png", run="stripes")


def test_a_run_that_is_broken_is_told_as_such():
    pixace.generate("one.png", n=1)
    Path("runs/stripes/model.safetensors").write_bytes(b"")
    with pytest.raises(PixaceError, match="broken or no model file"):
        pixace.again("one.png", "two.png")


@pytest.mark.parametrize("missing", ["run", "step", "photos", "sha256"])
def test_half_a_description_is_none(missing):
    pixace.complete("a.png", "one.png", samples=1)
    told = read_description(Path("one.png"))
    del told[missing]
    save_png(Path("half.png"), pixels("one.png"), told)
    with pytest.raises(PixaceError, match=f"does not say how it was made: {missing} is missing"):
        pixace.again("half.png", "two.png")


DEEP = json.loads('{"a":' * 25 + "1" + "}" * 25)
ODD = [None, True, 0, -1, 1.5, 10**30, -1e300, "", "x", "\x1b[2J", [], ["x"], [1], [[]], {}, DEEP]
# What the options, too, would take: a picture may ask for another wish, or another size.
FIELDS = [
    *(
        "pixace",
        "run",
        "created",
        "step",
        "command",
        "dtype",
        "text",
        "classes",
        "guidance",
        "seed",
    ),
    *("top_k", "top_p", "scale", "smooth", "temperature"),
]


@pytest.mark.parametrize(
    ("drawn", "more"),
    [
        ("generate --n 1", ["n", "novelty"]),
        ("complete a.png --samples 1", ["cut", "samples", "photos", "sha256"]),
    ],
)
def test_whatever_a_field_says_is_drawn_or_refused_in_a_line(drawn, more):
    run(*drawn.split(), "--out", "one.png")
    told, picture = read_description(Path("one.png")), pixels("one.png")
    drew = []
    for name in FIELDS + more:
        for value in ODD:
            save_png(Path("odd.png"), picture, told | {name: value})
            words = [drawn.split()[0], "--again", "odd.png", "--out", "two.png"]
            result = CliRunner().invoke(main, words)
            assert isinstance(result.exception, SystemExit | None), (name, value)
            assert result.exit_code in (0, 1), (name, value, result.output)
            if result.exit_code == 0:
                drew.append(name)
            else:
                assert result.stderr.startswith("Error: "), (name, value)
                assert result.stderr.count("\n") == 1, (name, value, result.stderr)
                assert "\x1b" not in result.stderr
    assert not {"run", "created", "step", "command", "photos", "sha256"} & {*drew}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"command": "generate", "command": "complete"}', "it says 'command' twice"),
        ("[" * 100_000, "too deeply nested"),
        ("[1]", "does not say how it was made"),
        ("nonsense", "Expecting value"),
    ],
)
def test_what_is_no_description_is_told_so(text, said):
    notes = PngInfo()
    notes.add_itxt("pixace", text)
    Pillow.new("RGB", (4, 4)).save("odd.png", pnginfo=notes)
    assert said in run("generate", "--again", "odd.png", "--out", "two.png", code=1).stderr


def test_no_place_is_opened_that_a_picture_names(here, monkeypatch):
    """Not even to look whether it is what it says: it might be a pipe, or have no end."""
    run("complete", "a.png", "--samples", 1, "--out", "one.png", "--run", "stripes")
    told, picture = read_description(Path("one.png")), pixels("one.png")
    shutil.move("a.png", "elsewhere/a.png")
    shutil.move("runs", "elsewhere/runs")
    monkeypatch.chdir("elsewhere")
    os.mkfifo("pipe")
    for named in (
        {"run": str(here / "elsewhere/pipe")},
        {"run": "/dev/zero"},
        {"run": ".."},
        {"run": "~root"},
        {"photos": [str(here / "elsewhere/pipe")]},
        {"photos": ["/dev/zero"]},
        {"photos": ["https://pixace.invalid/c.png"]},
        {"photos": [".."]},
    ):
        save_png(Path("odd.png"), picture, told | named)
        run("complete", "--again", "odd.png", "--out", "two.png", code=1)
    save_png(Path("odd.png"), picture, told)
    run("complete", "--again", "odd.png", "--out", "two.png")


def test_a_picture_whose_pixels_are_a_bomb_is_not_decoded(monkeypatch):
    run("generate", "--n", 1, "--out", "one.png")
    monkeypatch.setattr(Pillow, "open", None)
    assert read_description(Path("one.png"))["n"] == 1
