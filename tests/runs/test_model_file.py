"""Model files: weights by name, described, and nothing else is believed."""

import json
from dataclasses import asdict, replace

import jax.numpy as jnp
import numpy as np
import pytest
from safetensors.numpy import save as serialized
from safetensors.numpy import save_file

import pixace
from pixace import models
from pixace.errors import PixaceError, RunError
from pixace.runs import model_file
from pixace.storage import pytrees, sealed

WEIGHTS = {"body": ((jnp.ones((2, 3)), ()), [jnp.zeros(4)]), "head": (jnp.arange(3.0),)}


def test_weights_and_description_come_back_as_written(tmp_path, described):
    path = tmp_path / "model.safetensors"
    about = described(nats=0.5)
    model_file.save(path, WEIGHTS, about)
    flat, found = model_file.read(path)
    assert found == about
    restored = pytrees.unflatten(flat, WEIGHTS)
    assert str(restored) == str(WEIGHTS)


def test_a_transposed_weight_is_saved_as_it_reads(tmp_path, described):
    """Safetensors writes memory as it lies; a view must be laid straight first."""
    turned = {"w": np.arange(6, dtype=np.float32).reshape(2, 3).T}
    model_file.save(tmp_path / "m.safetensors", turned, described())
    flat, _ = model_file.read(tmp_path / "m.safetensors")
    np.testing.assert_array_equal(pytrees.unflatten(flat, turned)["w"], turned["w"])


def test_what_is_no_model_of_pixace_is_refused(tmp_path):
    broken, foreign = tmp_path / "broken.safetensors", tmp_path / "foreign.safetensors"
    broken.write_bytes(b"nonsense" * 100)
    save_file({"w": np.zeros(3)}, foreign)
    with pytest.raises(RunError, match=r"broken.safetensors is broken or no model file"):
        model_file.read(broken)
    with pytest.raises(RunError, match="was not made by pixace"):
        model_file.read(foreign)
    for text in ("{", "[" * 100_000, "9" * 10_000):
        save_file({"w": np.zeros(3)}, foreign, metadata={"pixace": text})
        with pytest.raises(RunError, match="its description is no JSON"):
            model_file.read(foreign)
    with pytest.raises(RunError, match="no model yet"):
        model_file.read(tmp_path)


def test_whoever_may_read_the_folder_may_read_the_file(tiny_outcome):
    folder = tiny_outcome.run.path
    assert (folder / "model.safetensors").stat().st_mode == (folder / "run.json").stat().st_mode


def test_every_flipped_bit_is_found(tmp_path, described):
    """In the header, the description, the weights, and the checksum itself."""
    path = tmp_path / "model.safetensors"
    model_file.save(path, WEIGHTS, described(nats=0.5))
    content = path.read_bytes()
    assert len(content) < 4000
    for place in range(len(content)):
        damaged = bytearray(content)
        damaged[place] ^= 1 << place % 8
        path.write_bytes(damaged)
        with pytest.raises(RunError, match=r"model\.safetensors"):
            model_file.read(path)
    path.write_bytes(content)
    model_file.read(path)


@pytest.fixture
def strange(worded_outcome, tmp_path):
    """Writes a model file of a stranger's, whose checksums are right, and says how it is loaded."""
    flat, about = model_file.read(worded_outcome.run.path)
    sound = json.loads(json.dumps(asdict(about)))

    def load(fields=sound, arrays=flat, text=None):
        path = tmp_path / "strange.safetensors"
        sealed_fields = {**fields, "sha256": sealed._sum(json.loads(json.dumps(fields)))}
        told = {"pixace": text or json.dumps(sealed_fields), "sha256": model_file.BLANK}
        with path.open("wb") as file:
            model_file._write_sealed(file, serialized(arrays, metadata=told))
        try:
            pixace.load(path)
            said = "drawn with"
        except PixaceError as why:
            said = str(why)
        assert "\n" not in said
        assert len(said) < 700
        return said

    load.fields, load.arrays = sound, flat
    return load


def places(tree, at=()):
    """The ways to all fields of nested records."""
    for name, value in tree.items() if isinstance(tree, dict) else ():
        yield (*at, name)
        if name not in FREE:
            yield from places(value, (*at, name))


def changed(tree, at, value):
    name, *below = at
    return tree | {name: changed(tree[name], below, value) if below else value}


FREE = {"training", "versions", "pictures", "classes"}  # any fields may be in there
DECISIVE = {"format", "kind", "model", "compute_dtype", "tokenizer", "d_model", "words"}
DEEP = json.loads('{"a":' * 25 + "1" + "}" * 25)
ODD = [
    *(None, True, 0, -1, 1.5, 20_000, 2**31, 10**30, float("nan"), float("inf"), "", "x"),
    *("x" * 10_000, [], [[]], [-1, 300, 0], {}, {"x": 1}, DEEP),
]


def test_whatever_a_field_says_the_model_is_loaded_or_refused_in_a_line(strange):
    assert strange() == "drawn with"
    for at in places(strange.fields):
        said = {strange(changed(strange.fields, at, value)) for value in ODD}
        assert at[-1] not in DECISIVE or "drawn with" not in said, at


@pytest.mark.parametrize("kind", ["transformer", "reformer", "modern"])
@pytest.mark.parametrize("name", ["d_model", "d_ff", "n_heads", "n_hashes", "kind"])
def test_claims_of_size_are_refused_before_anything_is_built(strange, monkeypatch, kind, name):
    for build in ("TransformerLM", "ReformerLM", "ConfigurableTransformerLM"):
        monkeypatch.setattr(models.transformer.__globals__["trax_bridge"], build, None)
    settings = {"d_model": 8, "d_ff": 16, "n_layers": 1, "n_heads": 2} | {name: 10_000}
    claimed = {"kind": kind, "settings": settings}
    assert "holds no model that can be built" in strange(strange.fields | {"model": claimed})


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("pixel size=99999x99999 colors=grey:4 order=raster", "would make 9,999,800,001 tokens"),
        ("pixel size=1024x1024 colors=grey:4 order=raster", "numbers or more, and there are"),
        ("pixel size=4x4 colors=rgb:5,5,5 order=raster", "its pictures end at 32770"),
        (f"pixel size=4x4 colors=hsv:{'9' * 5000},1,1 order=raster", "is no colour scheme"),
        (f"pixel size=4x4 colors=grey:{'9' * 5000} order=raster", "is no colour scheme"),
        (f"pixel size=4x4 colors=grey:4 order=patch:{'9' * 5000}", "is no order"),
        ("pixel size=4x4 colors=palette:/dev/zero.png order=raster", "names a file"),
        (f"vq size=64x64 downsample=4 codes=8 channels=3 width=8 blocks={10**8} dim=8 "
         "order=raster id=e3b0c44298fc", "has other arrays than it claims"),
    ],
)  # fmt: skip
def test_tokenizers_that_claim_more_than_there_is(strange, spec, said):
    assert said in strange(strange.fields | {"tokenizer": spec})


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda each: each.astype(np.int8), "is of type I8"),
        (lambda each: each.astype(np.float64), "is of type F64"),
        (lambda each: each * np.float32(np.nan), "numbers that are not finite"),
        (lambda each: each + np.float32(np.inf), "numbers that are not finite"),
        (lambda each: each[:0], "does not fit its own description"),
        (lambda each: each.T, "does not fit its own description"),
    ],
)
def test_weights_that_are_none(strange, made, said):
    table = strange.arrays["embedding/table"]
    assert said in strange(arrays=strange.arrays | {"embedding/table": made(table)})


@pytest.mark.parametrize(
    "kept",
    [np.zeros(6, np.uint8), np.zeros(10**7, np.uint8), np.ones((2, 3), np.uint8), np.ones(99)],
)
def test_packed_ids_that_are_none(strange, kept):
    assert "strange.safetensors" in strange(arrays=strange.arrays | {model_file.KEPT: kept})


def test_descriptions_that_are_none(strange, tmp_path):
    text = json.dumps(strange.fields)
    assert "it says 'name' twice" in strange(text='{"name": "a", ' + text[1:])
    assert "too deeply nested" in strange(text='{"a":' * 500 + "1" + "}" * 500)
    assert "its checksum is that of another text" in strange(text=text)
    path = tmp_path / "header.safetensors"
    path.write_bytes((1 << 40).to_bytes(8, "little") + b"{}")
    with pytest.raises(RunError, match="a header of 1,099,511,627,776 bytes"):
        model_file.read(path)


@pytest.mark.parametrize("layers", [20_000, 200])
def test_layers_without_weights_are_refused_when_one_is_built(strange, monkeypatch, layers):
    """Though there are numbers enough, and a name for each."""
    more = {f"blocks/{i}/more": np.zeros(0, np.float32) for i in range(1, layers)}
    more["fat"] = np.zeros(10**6, np.float32)
    model = strange.fields["model"]
    built, build = [], models.build

    def counted(*args, **given):
        built.append(given["n_layers"])
        return build(*args, **given)

    monkeypatch.setattr(models, "build", counted)
    claimed = model | {"settings": model["settings"] | {"n_layers": layers}}
    said = strange(strange.fields | {"model": claimed}, strange.arrays | more)
    assert f"arrays are not those of {layers:,} layers" in said
    assert built == [1]


def test_many_layers_are_drawn_with(tmp_path, worded_outcome):
    flat, about = model_file.read(worded_outcome.run.path)
    for name in [name for name in flat if name.startswith("blocks/0/")]:
        flat |= {name.replace("/0/", f"/{i}/", 1): flat[name] for i in range(1, 6)}
    six = replace(about.model, settings=about.model.settings | {"n_layers": 6})
    model_file.save(tmp_path / "six.safetensors", flat, replace(about, model=six))
    assert len(pixace.load(tmp_path / "six.safetensors").sampler.weights) == len(flat)
