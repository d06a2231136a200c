"""Models to draw with: those at hand, the default that comes along, and downloads."""

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from safetensors.numpy import load_file
from web_server import cut, ranged, serving

import pixace
from pixace.api import model_files
from pixace.cli import main
from pixace.errors import ConfigError, PixaceError, RunError, WebError
from pixace.runs import model_file
from pixace.zoo import registry, shipped


@pytest.fixture
def own(tmp_path, monkeypatch):
    """A folder to work in, without runs."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HF_ENDPOINT", raising=False)
    return tmp_path


@pytest.fixture(scope="module")
def file(tiny_outcome):
    return tiny_outcome.run.path / "model.safetensors"


@pytest.fixture
def default(tmp_path_factory, file, monkeypatch):
    """The only model that comes along."""
    place = tmp_path_factory.mktemp("shipped")
    monkeypatch.setattr(shipped, "HERE", place)
    return Path(shutil.copy(file, place / f"{shipped.DEFAULT}.safetensors"))


@pytest.fixture
def registered(own, file, monkeypatch):
    """Makes a registry that knows a model at an address."""

    def register(url, **changes):
        entry = {
            "name": "stripes",
            "url": url,
            "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
            "size": file.stat().st_size,
            "licence": "CC0",
            "about": "stripes of 4x4 pixels",
        }
        path = own / "registry.json"
        path.write_text(json.dumps({"models": [entry | changes]}))
        monkeypatch.setenv(registry.VARIABLE, str(path))

    return register


def test_without_runs_the_default_draws_and_says_so(own, default, capsys):
    drawn = pixace.load().generate(2)
    assert drawn.shape == (2, 4, 4, 3)
    said = capsys.readouterr().err
    assert said == (
        "drawn by photos-32, which comes with pixace, as nothing was trained in runs yet; for a "
        "model of your own: pixace train PICTURES\n"
    )
    assert pixace.load("photos-32").path == default
    assert capsys.readouterr().err == ""


def test_a_run_goes_before_what_comes_along(default, tiny_outcome, capsys):
    root = tiny_outcome.run.path.parent
    assert pixace.load(root=root).path == tiny_outcome.run.path
    assert capsys.readouterr().err == ""


def test_nothing_at_all_is_said_in_a_line(own, monkeypatch):
    monkeypatch.setattr(shipped, "HERE", own)
    with pytest.raises(RunError, match=r"no runs in .* train one with: pixace train"):
        pixace.load()


def test_models_of_all_kinds_are_listed(own, default, file, tiny_outcome, registered):
    shutil.copytree(tiny_outcome.run.path, own / "runs" / "mine")
    shutil.copy(file, own / "runs" / "copied.safetensors")
    (own / "runs" / "broken.safetensors").write_bytes(b"nonsense")
    registered("https://pixace.org/stripes.safetensors")
    found = {it.name: it for it in model_files.every()}
    assert {name: it.where for name, it in found.items()} == {
        "mine": "run",
        "broken": "file",
        "copied": "file",
        "photos-32": "shipped",
        "stripes": "known",
    }
    assert "broken or no model file" in found["broken"].about
    assert found["copied"].about == "transformer, 4x4, grey:4 colours, stripes.npy"
    assert found["stripes"].about == "stripes of 4x4 pixels (CC0)"
    assert found["mine"].size == found["copied"].size == file.stat().st_size
    told = CliRunner().invoke(main, ["models"]).output
    assert [line.split()[0] for line in told.splitlines()[1:]] == list(found)
    facts = json.loads(CliRunner().invoke(main, ["models", "--json"]).stdout)
    assert facts["models"] == [it.as_dict() for it in found.values()]


def test_a_known_model_is_downloaded_by_its_name_and_draws(own, file, registered, capsys):
    with serving({"/a": file.read_bytes()}) as server:
        registered(f"{server.url}/a")
        with pytest.raises(RunError, match="get it: pixace models get stripes"):
            pixace.load("stripes")
        done = pixace.get_model("stripes", allow_private=True)
        assert f"stripes comes from {server.url}/a, " in capsys.readouterr().err
        again = pixace.get_model("stripes", network=False)
        assert server.asked == ["/a"]
    assert done == again
    assert Path(done.place) == Path("runs/stripes.safetensors")
    assert pixace.load("stripes").generate(1).shape == (1, 4, 4, 3)


def test_addresses_and_the_hub_give_a_name_and_can_be_given_one(own, file, monkeypatch):
    pages = {"/x/birds.safetensors": file.read_bytes()}
    pages["/me/my-birds/resolve/main/model.safetensors"] = file.read_bytes()
    with serving(pages) as server:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        found = [
            pixace.get_model(named, name=name, allow_private=True).name
            for named, name in (
                (f"{server.url}/x/birds.safetensors?download=1".partition("?")[0], None),
                ("hf:me/my-birds", None),
                ("hf:me/my-birds", "other"),
            )
        ]
    assert found == ["birds", "my-birds", "other"]
    assert sorted(path.name for path in Path("runs").iterdir()) == [
        "birds.safetensors",
        "my-birds.safetensors",
        "other.safetensors",
    ]


def test_an_interrupted_download_goes_on_and_a_wrong_one_leaves_nothing(own, file, registered):
    body = file.read_bytes()
    with serving({"/a": ranged(body, '"1"', breaks=[1000])}) as server:
        registered(f"{server.url}/a")
        with pytest.raises(WebError, match="the connection was cut"):
            pixace.get_model("stripes", allow_private=True)
        pixace.get_model("stripes", allow_private=True)
        assert server.sent == [(0, 1000), (999, len(body))]
        registered(f"{server.url}/a", name="wrong", sha256="0" * 64)
        with pytest.raises(WebError, match="is not the file that was meant"):
            pixace.get_model("wrong", allow_private=True)
    assert [path.name for path in Path("runs").iterdir()] == ["stripes.safetensors"]


@pytest.mark.parametrize("body", [b"nonsense" * 9, b"<!DOCTYPE html><title>Sign in</title>" * 9])
def test_what_is_no_model_gets_no_name(own, body):
    with (
        serving({"/a.safetensors": body, "/b": cut(b"x" * 99, 9)}) as server,
        pytest.raises(RunError, match="broken or no model file"),
    ):
        pixace.get_model(f"{server.url}/a.safetensors", allow_private=True)
    assert list(Path("runs").iterdir()) == []


@pytest.mark.parametrize(
    ("named", "settings", "words"),
    [
        ("strpes", {}, "no model 'strpes'; known: .*hf:OWNER/NAME will do as well"),
        ("hf:only-one", {}, "no model 'hf:only-one'"),
        ("https://a.org/x.safetensors", {"name": "../x"}, r"cannot be called '\.\./x'"),
        ("https://a.org/x.safetensors", {"network": False}, "nothing is to be downloaded"),
        ("hf:me/birds", {"network": False}, "nothing is to be downloaded"),
        ("https://127.0.0.1:9/x.safetensors", {}, "nobody answers|not on the public internet"),
    ],
)
def test_what_cannot_be_had_is_said_in_a_line(own, named, settings, words):
    with pytest.raises(PixaceError, match=words) as caught:
        pixace.get_model(named, **settings)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("named", ["stripes", "hf:me/birds", "https://a.org/x.safetensors"])
def test_offline_nothing_is_downloaded(own, registered, monkeypatch, named):
    registered("https://a.org/stripes.safetensors")
    monkeypatch.setenv("PIXACE_OFFLINE", "1")
    with pytest.raises(WebError, match="is not asked, as PIXACE_OFFLINE is set"):
        pixace.get_model(named)
    assert list(Path("runs").iterdir()) == []


def test_passwords_of_a_mirror_or_registry_are_told_to_nobody(own, registered, monkeypatch, capsys):
    monkeypatch.setenv("HF_ENDPOINT", "https://me:secret@mirror.invalid")
    with pytest.raises(WebError, match="has a name or password in it") as why:
        pixace.get_model("hf:me/birds")
    assert "secret" not in str(why.value) + capsys.readouterr().err
    registered("https://me:secret@a.org/stripes.safetensors")
    with pytest.raises(ConfigError, match=r"https://a\.org/stripes\.safetensors has a name") as why:
        model_files.every()
    assert "secret" not in str(why.value)


def test_names_that_are_taken_stay(own, tiny_outcome):
    shutil.copytree(tiny_outcome.run.path, own / "runs" / "mine")
    with pytest.raises(RunError, match="a run of the name mine is in runs; choose another --name"):
        pixace.get_model("https://a.org/mine.safetensors")


def test_the_command_says_what_came_and_how_to_draw_with_it(own, file):
    with serving({"/birds.safetensors": file.read_bytes()}) as server:
        address = f"{server.url}/birds.safetensors"
        words = ["models", "get", address, "--runs", "here", "--allow-private"]
        done = CliRunner().invoke(main, words)
        assert done.exit_code == 0, done.output
        assert done.stdout == (
            "here/birds.safetensors: transformer, 4x4, grey:4 colours, stripes.npy; "
            "draw with it: pixace generate --run birds\n"
        )
        refused = CliRunner().invoke(main, ["models", "get", address])
    assert refused.exit_code == 1
    assert refused.stderr.splitlines()[-1].endswith("add --allow-private")


def test_half_precision_is_read_as_float32(own, file, tiny_outcome):
    flat, described = model_file.read(file)
    halves = {name: each.astype(np.float16) for name, each in flat.items()}
    model_file.save(Path("half.safetensors"), halves, described)
    half, whole = pixace.load("half.safetensors"), pixace.load(file)
    for name, leaf in half.sampler.weights.items():
        assert leaf.dtype == np.float32
        np.testing.assert_allclose(leaf, whole.sampler.weights[name], rtol=1e-3, atol=1e-6)
    assert half.generate(4).shape == (4, 4, 4, 3)


def _metadata(path):
    from safetensors import safe_open

    with safe_open(path, framework="np") as opened:
        return opened.metadata()


def test_a_packed_model_is_half_as_large_knows_no_paths_and_draws(own, tiny_outcome, file):
    words = ["pack", str(tiny_outcome.run.path), "stripes.safetensors", "--about", "grey stripes"]
    done = CliRunner().invoke(main, ["models", *words, "--licence", "CC0", "--credit", "us"])
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("stripes.safetensors: grey stripes (CC0), 0.0 MB")
    packed = Path("stripes.safetensors")
    weights, before = load_file(packed), load_file(file)
    assert {each.dtype for each in weights.values()} == {np.dtype(np.float16)}
    assert weights.keys() == before.keys()
    text = _metadata(packed)["pixace"]
    assert "/" not in text.replace("language_model/", "")
    trained = pixace.load("stripes.safetensors")
    assert trained.description.name == "stripes"
    assert trained.description.card.credit == "us"
    for name, leaf in trained.sampler.weights.items():
        np.testing.assert_allclose(leaf, before[name], rtol=1e-3, atol=1e-6)
    with pytest.raises(PixaceError, match=r"must end in \.safetensors"):
        pixace.pack_model(file, "stripes.zip", about="a")


def test_a_packed_file_has_no_numbers_for_colours_that_cannot_occur(tiny, tmp_path):
    """Of hsv:2,2,2 only some of the 64 ids are canonical; what is drawn is the same."""
    pictures = np.random.default_rng(0).integers(0, 256, (12, 4, 4, 3), np.uint8)
    np.savez(tmp_path / "some.npz", images=pictures, labels=np.arange(12) % 2)
    shape = [line for line in tiny if not line.startswith("pictures.")]
    done = pixace.train(
        tmp_path / "some.npz",
        gin="base",
        bindings=shape,
        size=4,
        colors="hsv:2,2,2",
        template="a {label}",
        root=tmp_path / "runs",
    )
    out = tmp_path / "packed.safetensors"
    pixace.pack_model(done.run.path, out, about="noise")
    own, packed = pixace.load(done.run.path), pixace.load(out)
    allowed = own.sampler.tokenizer.allowed
    kept = load_file(out)
    assert kept["head/kernel"].shape[-1] == allowed.sum() + 2 < len(allowed)
    assert len(kept["embedding/table"]) == allowed.sum() + 2 + len(own.vocabulary.words)
    for name, weights in own.sampler.weights.items():
        halves = np.asarray(weights).astype(np.float16).astype(np.float32)
        again = np.asarray(packed.sampler.weights[name])
        ids = allowed | (np.arange(len(allowed)) < 2)
        if name in ("head/kernel", "head/bias"):
            np.testing.assert_array_equal(again[..., ids], halves[..., ids])
        elif name == "embedding/table":
            ids = np.append(ids, np.ones(len(halves) - len(ids), bool))
            np.testing.assert_array_equal(again[ids], halves[ids])
        else:
            np.testing.assert_array_equal(again, halves)
        assert again.shape == halves.shape
    assert (np.asarray(packed.sampler.weights["head/bias"])[2:][~allowed[2:]] < -20).all()
    found = [pixace.evaluate(run=model, data=pictures) for model in (own, packed)]
    costs = [it.nats_per_token.mean for it in found]
    assert costs[0] == pytest.approx(costs[1], abs=1e-2)
    assert packed.generate(2, text="a 1").shape == (2, 4, 4, 3)


def test_a_picture_of_a_model_that_comes_along_remembers_its_name_and_no_place(own, default):
    done = pixace.generate("one.png", n=2)
    assert done.memory["run"] == done.model.name == shipped.DEFAULT
    pixace.again("one.png", "two.png")
    assert Path("one.png").read_bytes() == Path("two.png").read_bytes()
