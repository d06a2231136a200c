"""Palettes made for the pictures: from training pictures alone, or exactly those of pixel art."""

import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image as Pillow

import pixace
from pixace.cli import main
from pixace.data import palette_fitting, tokenization, validation_split
from pixace.data.preprocessing import Preprocessing
from pixace.data.splits import Survey
from pixace.data.token_cache import cached
from pixace.errors import PixaceError, SourceError, TokenError
from pixace.runs import model_file
from pixace.runs.run_folder import Run
from pixace.sources import Record, open_source

INK, RED, SKIN = (20, 12, 28), (208, 70, 72), (222, 238, 214)


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """An empty folder to work in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def greys(name, *values):
    """An array file with a 2x2 picture of each grey."""
    np.save(name, np.repeat(np.array(values, np.uint8), 4).reshape(-1, 2, 2))
    return open_source(name)


def sprite(path, ids, palette=(INK, SKIN, RED), **options):
    """An indexed picture, saved with its palette as it is."""
    picture = Pillow.fromarray(np.array(ids, np.uint8))
    picture.putpalette([value for color in palette for value in color])
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    picture.save(path, **options)


def resolved(wanted, source, validation=None):
    survey = Survey(source, validation, wanted.validation_fraction)
    return palette_fitting.resolved(wanted, survey)


def settled(spec, source, **settings):
    return resolved(Preprocessing(size=2, colors=spec, **settings), source)


def refused(spec, source, kind=TokenError, **settings):
    with pytest.raises(kind) as why:
        resolved(Preprocessing(**{"size": 2, "colors": spec, **settings}), source)
    assert "\n" not in str(why.value)
    return str(why.value)


def test_kmeans_sees_training_pictures_only(here):
    """Every picture has a grey of its own, so its grey tells whether it was seen."""
    source = greys("greys.npy", *range(0, 200, 5))
    groups = validation_split.hashes((source.record(i).group for i in range(40)), 40)
    held_out = validation_split.pick(groups, 0.25)
    found = settled("kmeans:64", source, validation_fraction=0.25).tokenizer().colors
    seen = {f"{5 * i:02x}" * 3 for i in range(40) if not held_out[i]}
    assert set(found.colors) == seen
    assert 0 < held_out.sum() < 40


def test_with_validation_pictures_of_their_own_all_others_are_seen(here):
    source = greys("greys.npy", *range(0, 200, 5))
    other = greys("other.npy", 201, 202)
    own = resolved(Preprocessing(size=2, colors="kmeans:64"), source, validation=other)
    assert own.tokenizer().colors.size == 40
    exact = resolved(Preprocessing(size=2, colors="exact"), source, validation=other)
    assert exact.tokenizer().colors.size == 42


@dataclass(frozen=True)
class Marked:
    """Small pictures of one grey each, and what each is for."""

    greys: tuple[int, ...]
    marks: tuple[str, ...]
    spec: str = "marked"

    def __len__(self):
        return len(self.greys)

    def record(self, i):
        return Record(f"{i}", f"{i}", split=self.marks[i])

    def read(self, i):
        return np.full((2, 2, 3), self.greys[i], np.uint8)

    def fingerprint(self):
        return "1"


def test_pictures_that_are_marked_otherwise_give_no_colours():
    source = Marked((10, 20, 30, 40), ("train", "train", "validation", "test"))
    assert settled("kmeans:8", source).tokenizer().colors.size == 2
    assert settled("exact", source).tokenizer().colors.size == 3  # validation has its own as well
    other = Marked((50, 60), ("validation", "test"))
    own = resolved(Preprocessing(size=2, colors="kmeans:8"), source, validation=other)
    assert own.tokenizer().colors.size == 2
    own = resolved(Preprocessing(size=2, colors="exact"), source, validation=other)
    assert own.tokenizer().colors.size == 3


def test_of_very_many_pictures_some_are_taken_evenly(here, monkeypatch):
    monkeypatch.setattr(palette_fitting, "MAX_PICTURES", 5)
    source = greys("greys.npy", *range(0, 250, 10))
    own = resolved(Preprocessing(size=2, colors="kmeans:64", validation_fraction=0), source)
    assert own.tokenizer().colors.table[:, 0].tolist() == [0, 60, 120, 180, 240]


def test_the_same_pictures_give_the_same_tokens(here):
    noise = np.random.default_rng(0).integers(0, 256, (30, 4, 4, 3), dtype=np.uint8)
    np.save("noise.npy", noise)
    sets = [pixace.tokenize("noise.npy", f"set{i}", size=4, colors="kmeans:16") for i in (1, 2)]
    assert sets[0].header == sets[1].header
    assert sets[0].tokenizer.colors.size == 16
    rows = sets[0].split("train").rows(range(3))
    assert rows.min() >= 2
    assert rows.max() < 18


def test_a_token_set_shows_its_palette(here):
    made = pixace.tokenize(greys("greys.npy", 0, 90, 200), "set", size=2, colors="kmeans:2,rgb")
    strip = np.asarray(Pillow.open(made.path / "palette.png").convert("RGBA"))
    assert strip.shape == (16, 32, 4)
    np.testing.assert_array_equal(strip[8, [8, 24], :3], made.tokenizer.colors.table)
    assert not (pixace.tokenize("greys.npy", "plain", size=2).path / "palette.png").exists()


def test_what_was_found_or_recognised_is_said(here):
    np.save("p.npy", np.array([[-1.0], [1.0]]))
    greys("greys.npy", *range(9))
    none = "no picture is held out: .* --validation SOURCE names some to judge it by"
    for spec, *lines in (
        (
            "palette:p.npy",
            r"p\.npy: 2 colours, read as numbers in -1\.\.1",
            "8 pictures are equal to others",
            none,
        ),
        (
            "kmeans:4",
            "kmeans:4: 4 colours found in 8 training pictures",
            "5 pictures are equal to others, and on the same side",
        ),
        (
            "kmeans:16",
            "kmeans:16: 8 training pictures have 8 different colours, and all of them are kept",
            "1 picture is equal to another, and on the same side",
        ),
        ("exact", "exact: 9 colours"),
    ):
        out = f"set-{re.sub(r'[:.]', '-', spec)}"
        words = ["tokenize", "greys.npy", out, "--size", "2", "--colors", spec]
        result = CliRunner().invoke(main, words, catch_exceptions=False)
        said = result.stderr.splitlines()
        assert len(said) == len(lines), result.stderr
        for line, told in zip(lines, said, strict=True):
            assert re.fullmatch(line, told)


def test_a_report_compares_palettes_that_are_still_to_be_found(here):
    greys("greys.npy", *range(0, 200, 10))
    words = ["tokenize", "greys.npy", "--size", "2", "--colors", "kmeans:4"]
    words += ["--report", "r.png", "--compare", "exact", "--compare", "kmeans:4,rgb", "--json"]
    result = CliRunner().invoke(main, words, catch_exceptions=False)
    found = json.loads(result.stdout)["report"]["schemes"]
    assert [scheme["colors_possible"] for scheme in found] == [4, 20, 4]
    assert found[1]["psnr"] is None


def test_tokens_are_cached_without_looking_at_the_pictures_again(here, monkeypatch):
    greys("greys.npy", *range(0, 200, 10))
    wanted = Preprocessing(size=2, colors="kmeans:3")
    made = cached(wanted, "greys.npy")
    assert made.tokenizer.colors.size == 3
    monkeypatch.delattr(palette_fitting, "resolved")
    assert cached(wanted, "greys.npy").path == made.path


def test_nothing_to_read_is_told(here):
    Path("bad").mkdir()
    Path("bad/a.png").write_bytes(b"no picture")
    for spec in ("kmeans:4", "exact"):
        said = refused(spec, open_source("bad"), SourceError)
        assert "no picture of bad can be read; the first: a.png: not a picture" in said


def test_bad_settings_are_answered_before_pictures_are_read(here):
    Path("bad").mkdir()
    Path("bad/a.png").write_bytes(b"no picture")
    source = open_source("bad")
    for settings, words in (
        ({"order": "spirla"}, "Did you mean spiral"),
        ({"background": "whte"}, "no colour 'whte'"),
    ):
        assert words in refused("kmeans:4", source, PixaceError, **settings)
    assert "such as kmeans:512" in refused("kmeans:none", source)
    assert "exact takes no settings" in refused("exact:4", source)
    with pytest.raises(TokenError, match="bad exists already"):
        tokenization.build(Preprocessing(size=2, colors="kmeans:4"), source, Path("bad"))


@pytest.mark.parametrize("kind", ["png", "gif"])
def test_pixel_art_comes_back_as_it_was(here, kind):
    """With its palette in its order, its transparency, and every pixel."""
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 4, (6, 4, 4))
    pictures[0].flat[:4] = range(4)
    for i, ids in enumerate(pictures):
        colors = (INK, SKIN, (1, 2, 3), RED)
        sprite(f"sprites/{i}.{kind}", ids, colors, transparency=2)
    made = pixace.tokenize("sprites", "set", size=4, colors="exact")
    scheme = made.tokenizer.colors
    assert scheme.transparent == 2
    assert scheme.table[[0, 1, 3]].tolist() == [list(INK), list(SKIN), list(RED)]
    back = np.concatenate(
        [made.split(name).rows(range(n)) for name, n in made.header.splits.items()]
    )
    expected = {(ids + 2).tobytes() for ids in pictures.reshape(6, -1)}
    assert {row.astype(int).tobytes() for row in back} == expected


def test_only_colours_that_occur_have_ids(here):
    sprite("a/1.png", [[0, 2], [2, 2]], (INK, SKIN, RED))
    found = settled("exact", open_source("a")).tokenizer().colors
    assert found.table.tolist() == [list(INK), list(RED)]


def test_pictures_without_a_palette_may_be_exact_too(here):
    """Also one whose transparency would be shown as a colour that occurs."""
    Path("a").mkdir()
    pixels = np.array([[[*SKIN, 255], [255, 255, 255, 255]], [[9, 9, 9, 0], [*INK, 255]]], np.uint8)
    Pillow.fromarray(pixels).save("a/1.png")
    made = pixace.tokenize("a", "set", size=2, colors="exact", validation_fraction=0)
    [row] = made.split("train").rows([0])
    scheme = made.tokenizer.colors
    assert scheme.size == 4
    assert row[2] - 2 == scheme.transparent
    shown = made.tokenizer.decode(row[None])[0]
    np.testing.assert_array_equal(shown[pixels[..., 3] > 0], pixels[pixels[..., 3] > 0][:, :3])
    assert tuple(shown[1, 0]) == made.header.background != (255, 255, 255)


def test_what_is_not_exact_is_told_what_to_do(here):
    sprite("large/1.png", np.zeros((3, 5)))
    said = refused("exact", open_source("large"))
    assert "1.png: 5x3 pixels, not 2x2, and exact colours are never resampled" in said
    assert "say --size 5x3" in said

    Path("soft").mkdir()
    Pillow.new("RGBA", (2, 2), (9, 9, 9, 128)).save("soft/1.png")
    said = refused("exact", open_source("soft"), SourceError)
    assert "1.png: some pixels are half transparent" in said
    assert "choose --alpha threshold" in said

    noise = np.random.default_rng(0).integers(0, 256, (1, 70, 70, 3), dtype=np.uint8)
    np.save("noise.npy", noise)
    said = refused("exact", open_source("noise.npy"), size=70)
    assert "noise.npy has more than 4,096 colours" in said
    assert "choose --colors kmeans:512" in said


@pytest.fixture(scope="module")
def artist(tiny, tmp_path_factory):
    """A run on 4x4 sprites in four colours, one of them transparency."""
    folder = tmp_path_factory.mktemp("artist")
    rng = np.random.default_rng(0)
    for i in range(12):
        ids = rng.integers(0, 4, (4, 4))
        sprite(folder / f"sprites/{i}.png", ids, (INK, SKIN, (1, 2, 3), RED), transparency=2)
    bindings = [*tiny, "train.steps = 1", "pictures.colors = 'exact'", "pictures.order = 'spiral'"]
    return pixace.train(folder / "sprites", gin="base", bindings=bindings, root=folder / "runs").run


def test_a_model_of_pixel_art_gives_pixel_art(artist):
    photo = artist.path.parents[1] / "sprites" / "3.png"
    pixace.generate("c.png", run=artist.path, n=5, each="each", scale=2)
    pixace.complete([photo], "d.png", run=artist.path, each="done", samples=2, cut=16)
    for path in [*Path("each").iterdir(), *Path("done").iterdir()]:
        with Pillow.open(path) as picture:
            assert (picture.mode, picture.info["transparency"]) == ("P", 2)
            assert picture.getpalette()[:6] == [*INK, *SKIN]
    assert len(list(Path("each").iterdir())) == 5
    with Pillow.open("done/0001.png") as finished, Pillow.open(photo) as kept:
        np.testing.assert_array_equal(np.asarray(finished), np.asarray(kept))  # all of it


def test_what_is_kept_are_the_first_pixels_of_the_order(artist):
    photo = artist.path.parents[1] / "sprites" / "5.png"
    done = pixace.load(artist.path).complete(photo, cut=12, samples=3)
    frame = np.ones((4, 4), bool)
    frame[1:3, 1:3] = False
    assert (done.finished[..., frame, :] == done.photos[0][frame]).all()
    assert (done.cuts[0][~frame] == 128).all()


def test_a_run_shows_its_palette(artist):
    with Pillow.open(artist.path / "palette.png") as strip:
        assert strip.size == (64, 16)
        assert [strip.getpixel((8 + 16 * i, 8))[3] for i in range(4)] == [255, 255, 0, 255]


@pytest.fixture
def painted(tiny):
    """Trains on some pictures in a palette of a file, and gives the run."""
    noise = np.random.default_rng(1).integers(0, 256, (12, 4, 4, 3), np.uint8)
    np.save("noise.npy", noise)
    np.save("palette.npy", np.array([[0, 0, 0], [200, 40, 40], [40, 200, 40], [255, 255, 255]]))

    def train(colors):
        bindings = [*tiny, f"pictures.colors = {colors!r}", "pictures.background = 'red'"]
        settings = {"gin": "base", "bindings": bindings, "steps": 2, "root": "painted"}
        return pixace.train("noise.npy", **settings).run

    return train


@pytest.mark.slow
@pytest.mark.parametrize("colors", ["palette:palette.npy", "kmeans:4"])
def test_a_run_has_its_palette_and_needs_no_file_to_go_on(painted, monkeypatch, colors):
    run = painted(colors)
    shutil.copytree(run.path, "painted/kept")
    kept = pixace.resume("painted/kept", steps=4)
    Path("palette.npy").unlink()
    shutil.rmtree(run.read().data.tokens)
    monkeypatch.setattr(palette_fitting, "_by_kmeans", None)
    lost = pixace.resume(run.path, steps=4)
    one, two = (each.run.path / "model.safetensors" for each in (kept, lost))
    weights, others = (dict(model_file.read(path)[0]) for path in (one, two))
    assert weights.keys() == others.keys()
    for name, each in weights.items():
        np.testing.assert_array_equal(each, others[name], err_msg=name)
    assert Run(run.path).read().step == 4
    pixace.generate("one.png", n=2, run=run.path)
    pixace.again("one.png", "two.png", root=run.path.parent)
    assert Path("one.png").read_bytes() == Path("two.png").read_bytes()
