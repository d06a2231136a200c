"""Pictures compressed by a model and back: exactly those, under their names, or nothing at all."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image as Pillow

import pixace
from pixace import tokenizers
from pixace.cli import main
from pixace.errors import ConfigError, RunError, TokenError
from pixace.evaluation import compressed_file
from pixace.evaluation.yardsticks import lossless_file
from pixace.images.marks import is_marked
from pixace.models.vqvae import Network
from pixace.sources import open_source
from pixace.storage import pytrees
from pixace.tokenizers.vq import VQTokenizer, digest


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """33 pictures of 4x4 pixels in two folders."""
    folder = tmp_path_factory.mktemp("photos")
    pixels = np.random.default_rng(0).integers(0, 256, (33, 4, 4, 3), np.uint8)
    for number, picture in enumerate(pixels):
        place = folder / "ab"[number % 2]
        place.mkdir(exist_ok=True)
        Pillow.fromarray(picture).save(place / f"{number}.png")
    return folder


@pytest.fixture(scope="module")
def packed(photos, model, tmp_path_factory):
    """These, compressed; look at the file, don't change it."""
    return pixace.compress(photos, tmp_path_factory.mktemp("out") / "some.pxc", run=model).out


def rgb(path):
    with Pillow.open(path) as picture:
        return np.asarray(picture.convert("RGB"))


def shown(model, source):
    """What the model's tokenizer shows of pictures, by name."""
    source, tokenizer = open_source(source), model.sampler.tokenizer
    fitted = np.stack([model.fitted(source.read(i)) for i in range(len(source))])
    names = [source.record(i).name for i in range(len(source))]
    return dict(zip(names, tokenizer.decode(tokenizer.encode(fitted)), strict=True))


def assert_same(folder, pictures):
    assert {str(it.relative_to(folder)) for it in folder.rglob("*.png")} == {*pictures}
    for name, picture in pictures.items():
        np.testing.assert_array_equal(rgb(folder / name), picture)


def test_what_comes_back_is_what_the_tokenizer_shows(model, photos, packed, tmp_path):
    done = pixace.decompress(packed, tmp_path / "again", run=model)
    assert (done.pictures, done.model, done.out) == (33, model.description.name, done.out)
    assert_same(tmp_path / "again", shown(model, photos))
    assert not any(map(is_marked, (tmp_path / "again").rglob("*.png"))), "they are the user's"


def test_it_says_how_small_it_is(model, photos, tmp_path):
    done = pixace.compress(photos, tmp_path / "a.pxc", run=model)
    assert done.bytes == (tmp_path / "a.pxc").stat().st_size
    header, payload = compressed_file.read(tmp_path / "a.pxc")
    assert (done.payload, done.pictures, done.skipped) == (len(payload), 33, [])
    assert done.bits_per_pixel == pytest.approx(8 * len(payload) / (33 * 16))
    evaluated = pixace.evaluate(photos, run=model).bits_per_pixel.mean
    assert done.bits_per_pixel == pytest.approx(evaluated, rel=0.015)  # a byte is 1 % of these
    pictures = shown(model, photos).values()
    assert done.png == sum(len(lossless_file(each, "png")) for each in pictures)
    assert done.webp == sum(len(lossless_file(each, "webp")) for each in pictures)
    assert (header.model, header.dtype) == (model.description.name, model.dtype)


def test_one_picture_in_memory(model, tmp_path):
    picture = np.full((1, 4, 4, 3), 200, np.uint8)
    pixace.compress(picture, tmp_path / "a.pxc", run=model)
    pixace.decompress(tmp_path / "a.pxc", tmp_path / "again", run=model)
    (made,) = (tmp_path / "again").iterdir()
    np.testing.assert_array_equal(rgb(made), np.full((4, 4, 3), 170))


def with_tokenizer(model, tokenizer):
    return replace(model, sampler=replace(model.sampler, tokenizer=tokenizer))


def test_another_order_and_a_colour_that_is_transparent(model, photos, tmp_path):
    spec = "pixel size=4x4 colors=palette:000000,555555,ff00ff00,aaaaaa order=column"
    model = with_tokenizer(model, tokenizers.by_spec(spec))
    pixace.compress(photos, tmp_path / "a.pxc", run=model)
    pixace.decompress(tmp_path / "a.pxc", tmp_path / "again", run=model)
    wanted = shown(model, photos)
    assert_same(tmp_path / "again", wanted)
    name, picture = next(iter(wanted.items()))
    with Pillow.open(tmp_path / "again" / name) as made:
        assert made.mode == "P"
        clear = np.asarray(made.convert("RGBA"))[..., 3] == 0
    np.testing.assert_array_equal(clear, (picture == [255, 0, 255]).all(-1))
    assert not is_marked(tmp_path / "again" / name)


def test_learned_tokens(model, photos, tmp_path):
    """16 squares of 2x2 pixels in 4 codes, for the very model of 16 pixels in 4 greys."""
    shapes = pytrees.flatten(Network(2, 3, 4, 1, 2).shapes) | {"codes": np.empty((4, 2))}
    random = np.random.default_rng(0)
    arrays = {name: random.normal(size=it.shape).astype("f4") for name, it in shapes.items()}
    vq = VQTokenizer((8, 8), 2, 4, 3, 4, 1, 2, "raster", digest(arrays), arrays)
    model = with_tokenizer(model, vq)
    pixace.compress(photos, tmp_path / "a.pxc", run=model)
    pixace.decompress(tmp_path / "a.pxc", tmp_path / "again", run=model)
    assert_same(tmp_path / "again", shown(model, photos))


@pytest.fixture
def here(tmp_path, monkeypatch, tiny_outcome):
    """An empty folder to work in, beside the runs that the tiny model is the latest of."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PIXACE_RUNS", str(tiny_outcome.run.path.parent))
    return tmp_path


def run(*words, code=0):
    result = CliRunner().invoke(main, [str(word) for word in words], prog_name="pixace")
    assert result.exit_code == code, result.output
    return result


def refused(folder, *words):
    """The one line that a command answers with; nothing is written."""
    before = sorted(folder.rglob("*"))
    result = run(*words, code=1)
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert sorted(folder.rglob("*")) == before
    return line


def test_the_commands_there_and_back(here, model, photos):
    (here / "photos").mkdir()
    shutil.copy(photos / "a" / "0.png", here / "photos")
    (here / "photos" / "bad.png").write_text("no picture")
    told = run("compress", "photos", "out.pxc")
    assert told.stderr.startswith("skipped bad.png: ")
    first, second = told.stdout.splitlines()
    size = (here / "out.pxc").stat().st_size
    assert first.startswith(f"out.pxc: 1 picture by {model.description.name}, {size} bytes; ")
    assert first.endswith(" bits per pixel")
    assert "one by one: " in second
    back = run("decompress", "out.pxc", "again")
    assert back.stdout == f"again: 1 picture by {model.description.name}\n"
    assert_same(here / "again", {"0.png": shown(model, photos)["a/0.png"]})
    facts = json.loads(run("compress", "photos", "out.pxc", "--json").stdout)
    assert (facts["out"], facts["bytes"], len(facts["skipped"])) == ("out.pxc", size, 1)
    facts = json.loads(run("decompress", "out.pxc", "more", "--json").stdout)
    assert facts == {"out": "more", "model": model.description.name, "pictures": 1}


def test_what_cannot_be_compressed_is_said(here, photos):
    (here / "bad").mkdir()
    (here / "bad" / "a.png").write_text("no picture")
    assert "no source 'nothing'" in refused(here, "compress", "nothing", "out.pxc")
    assert "none of the 1 pictures of bad" in refused(here, "compress", "bad", "out.pxc")
    assert "must end in .pxc" in refused(here, "compress", photos, "out.png")
    assert "no run 'nobody'" in refused(here, "compress", photos, "o.pxc", "--run", "nobody")
    assert "no dtype 'half'" in refused(here, "compress", photos, "o.pxc", "--dtype", "half")


def test_what_cannot_be_decompressed_is_said(here, packed):
    data = packed.read_bytes()
    (here / "cut.pxc").write_bytes(data[:-3])
    (here / "foreign.pxc").write_bytes(b"PK\x03\x04 and more")
    (here / "old").mkdir()
    assert "cut.pxc is damaged" in refused(here, "decompress", "cut.pxc", "new")
    assert "no compressed pictures" in refused(here, "decompress", "foreign.pxc", "new")
    assert "no such file" in refused(here, "decompress", "absent.pxc", "new")
    assert "old exists already" in refused(here, "decompress", packed, "old")
    assert "no run 'nobody'" in refused(here, "decompress", packed, "new", "--run", "nobody")
    line = refused(here, "decompress", packed, "new", "--run", "digits-8")
    assert "and digits-8 has " in line
    line = refused(here, "decompress", packed, "new", "--runs", "old")
    assert "was compressed by " in line
    assert line.endswith("name it by --run")


def changed(packed, place, **changes):
    """The same file with another header."""
    header, payload = compressed_file.read(packed)
    compressed_file.write(place, replace(header, **changes), payload)
    return place


def test_a_machine_that_rounds_otherwise_says_so_and_writes_nothing(packed, model, tmp_path):
    other = changed(packed, tmp_path / "a.pxc", tokens="0" * 16)
    with pytest.raises(TokenError, match="this machine rounds otherwise than the one that wrote"):
        pixace.decompress(other, tmp_path / "new", run=model)
    assert [it.name for it in tmp_path.iterdir()] == ["a.pxc"]


def test_another_type_of_products_is_refused(packed, photos, model, tmp_path, tiny_outcome):
    """A run that is named is loaded in the file's type; who hands in a model has chosen one."""
    other = {"float32": "bfloat16", "bfloat16": "float32"}[model.dtype]
    with pytest.raises(ConfigError, match=rf"compressed in {model.dtype}, and this .* in {other}"):
        pixace.decompress(packed, tmp_path / "new", run=model.of_type(other))
    assert not (tmp_path / "new").exists()
    made = pixace.compress(photos, tmp_path / "a.pxc", run=model, dtype=other)
    assert compressed_file.read(made.out)[0].dtype == other
    pixace.decompress(made.out, tmp_path / "new", run=tiny_outcome.run.path)
    assert_same(tmp_path / "new", shown(model, photos))


def test_names_of_a_hostile_file_stay_in_the_folder(packed, model, tmp_path):
    names = ("../../x.png", "/etc/y", "a\0b", "..", "c", "c") + ("same",) * 27
    hostile = changed(packed, tmp_path / "a.pxc", names=names)
    pixace.decompress(hostile, tmp_path / "new", run=model)
    assert {it.name for it in tmp_path.iterdir()} == {"a.pxc", "new"}
    found = {str(it.relative_to(tmp_path / "new")) for it in (tmp_path / "new").rglob("*.png")}
    assert len(found) == 33
    assert {"x.png", "etc/y.png", "a_b.png", "_.png", "c.png", "c-2.png", "same-27.png"} < found


def test_a_path_in_place_of_the_models_name_is_not_followed(packed, tiny_outcome, tmp_path):
    path = tiny_outcome.run.path / "model.safetensors"
    hostile = changed(packed, tmp_path / "a.pxc", model=str(path))
    with pytest.raises(RunError, match="name it by --run"):
        pixace.decompress(hostile, tmp_path / "new", root=tmp_path)


def test_a_token_set_without_names_is_refused(model, tiny_pictures, tmp_path):
    pixace.tokenize(tiny_pictures, tmp_path / "set", size=4, colors="grey:4")
    with pytest.raises(ConfigError, match="holds no names of pictures; name the pictures"):
        pixace.compress(tmp_path / "set", tmp_path / "a.pxc", run=model)
    assert not (tmp_path / "a.pxc").exists()
