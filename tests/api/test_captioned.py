"""Captions all the way: from labels to a run, its model file, drawing, collages and commands."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image as Pillow

import pixace
from pixace.cli import main
from pixace.errors import ConfigError, PixaceError, TokenError
from pixace.images.png import read_description
from pixace.runs import model_file
from pixace.runs.description import CaptionRecord
from pixace.runs.run_folder import Run
from pixace.training import fit
from pixace.training.metrics_log import read


@pytest.fixture(scope="module")
def model(worded_outcome):
    return pixace.load(worded_outcome.run.path)


def run(*words, code=0):
    result = CliRunner().invoke(main, [str(word) for word in words], prog_name="pixace")
    assert result.exit_code == code, result.output
    return result


def test_a_run_keeps_its_words(worded_outcome, model):
    told = worded_outcome.run.read().captions
    assert told == CaptionRecord(
        words=("zero", "a", "light", "of", "one"),
        length=4,
        first=6,
        classes={"0": "a light of 0", "1": "a light of 1"},
        settings={
            "use": False,
            "templates": ["a light of {label}", "{label}"],
            "longest": 32,
            "gaps": False,
        },
    )
    assert model.description.captions == told, "the model file alone knows them too"
    assert "captions.templates" in (worded_outcome.run.path / "config.gin").read_text()


def test_bits_are_those_of_pixels_alone(worded_outcome):
    for line in read(worded_outcome.run.path / "metrics.jsonl"):
        if "loss" in line:
            assert line["bits_per_pixel"] == pytest.approx(line["loss"] / np.log(2))
    assert worded_outcome.bits_per_pixel == pytest.approx(worded_outcome.loss / np.log(2))


def test_training_ends_with_a_row_for_each_class(worded_outcome):
    told = read_description(worded_outcome.collage)
    assert (told["classes"], told["n"]) == (["0", "1"], 8)


def test_texts_and_classes_are_asked_for_in_python(model):
    every = model.generate(3, text=["zero", "a light of one"], classes=[1], seed=2)
    assert every.shape == (9, 4, 4, 3)
    np.testing.assert_array_equal(every[3:6], every[6:], err_msg="class 1 is that very text")
    np.testing.assert_array_equal(model.generate(2, text="zero", seed=2), every[:2])


def test_unknown_words_are_said(model):
    with pytest.warns(UserWarning, match="left out, .*: blue, lihgt .did you mean light"):
        drawn = model.generate(2, text="a blue lihgt of one")
    np.testing.assert_array_equal(drawn, model.generate(2, text="a of one"))


def test_a_photo_is_finished_after_a_text(model):
    photo = np.full((4, 4, 3), 60, np.uint8)
    done = model.complete(photo, text="a light of 0", guidance=2.0, samples=2).finished
    assert done.shape == (1, 1, 2, 4, 4, 3)
    by_class = model.complete(photo, classes="0", guidance=2.0, samples=2).finished
    np.testing.assert_array_equal(by_class, done)
    with pytest.raises(PixaceError, match="one text or one class"):
        model.complete(photo, text="zero", classes="0")


def test_a_collage_says_what_was_asked_for_and_can_be_made_again(here):
    wish = {"text": ["zero", "a one"], "classes": ["1"], "guidance": 2}
    facts = pixace.generate("one.png", n=3, **wish).as_dict()
    told = read_description(Path("one.png"))
    assert (told["text"], told["classes"], told["guidance"]) == (["zero", "a one"], ["1"], 2)
    assert facts == told | {"out": "one.png", "unknown": []}
    pixace.again("one.png", "two.png")
    assert Path("one.png").read_bytes() == Path("two.png").read_bytes()
    facts = pixace.again("one.png", "three.png", classes=["0"]).as_dict()
    assert facts["classes"] == ["0"]
    assert "text" not in facts, "another wish, not one more"


def test_a_finished_photo_says_so_too(here):
    Pillow.new("RGB", (8, 8), (60, 60, 60)).save("photo.png")
    facts = pixace.complete(
        ["photo.png"], "one.png", text="a zero blue", guidance=1.5, samples=2, seed=3
    ).as_dict()
    assert facts["unknown"] == ["blue"]
    told = read_description(Path("one.png"))
    assert (told["text"], told["guidance"]) == ("a zero blue", 1.5)
    pixace.again("one.png", "two.png")
    assert Path("one.png").read_bytes() == Path("two.png").read_bytes()


def test_a_film_and_single_pictures_go_with_texts(here):
    pixace.generate(n=2, text=["zero", "one"], each="each", gif="film.gif", scale=4)
    assert len(list(Path("each").iterdir())) == 4
    with Pillow.open("film.gif") as film, Pillow.open("collage.png") as collage:
        film.seek(film.n_frames - 1)
        assert film.size == collage.size


def test_without_a_text_a_model_draws_as_ever(here, model):
    facts = pixace.generate(n=2).as_dict()
    assert not {"text", "classes", "guidance", "unknown"} & facts.keys()
    assert model.generate(2).shape == (2, 4, 4, 3)


def test_the_command_line_asks_and_tells(here):
    result = run("generate", "--text", "a blue one", "--class", "0", "--n", 2, "--guidance", 2)
    assert result.stderr == "left out, as no caption of the training had it: blue\n"
    assert "2 pictures of each of 2 texts by " in result.stdout
    facts = json.loads(run("generate", "--class", "1", "--n", 1, "--json").stdout)
    assert (facts["classes"], facts["guidance"]) == (["1"], 1.0)
    Pillow.new("RGB", (8, 8)).save("photo.png")
    run("complete", "photo.png", "--class", "1", "--samples", 1, "--guidance", 3)
    assert read_description(Path("completions.png"))["classes"] == "1"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--class", "2"], "no class '2'; known: 0, 1"),
        (["--text", "blue"], "no word of 'blue' is known to this model; it knows: zero, a, light"),
        (["--text", "a light of one one"], "has 5 words, and this model was trained with captions"),
        (["--guidance", "2"], "guidance 2 leads towards a text; name one with --text"),
        (["--text", "one", "--guidance", "-1"], "guidance is -1.0; it must be 0 or more"),
    ],
    ids=str,
)
def test_what_the_model_cannot_draw_is_answered_in_a_line(here, words, said):
    result = run("generate", *words, code=1)
    assert said in result.stderr
    assert result.stderr.count("\n") == 1
    assert list(here.iterdir()) == []


def test_labels_that_words_do_not_tell_apart_are_trained_on_and_drawn(tiny, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    labels = ["C", "C++", "\N{GRINNING FACE}", "cafe\u0301"]
    lines = ["image_path,label"]
    for number in range(8):
        Pillow.new("RGB", (4, 4), (30 * number,) * 3).save(f"{number}.png")
        lines.append(f"{number}.png,{labels[number % 4]}")
    Path("list.csv").write_text("\n".join(lines), encoding="utf-8")
    words = ["--gin", "base", "--template", "a {label}", "--set", "train.steps=1"]
    words += [word for line in tiny[:-1] for word in ("--set", line)]
    result = run("train", "list.csv", *words)
    assert "3 labels have the same words as others, or none, " in result.stderr
    result = run("generate", "--n", 1, *(f"--class={label}" for label in labels), "--text", "a C++")
    assert "left out" not in result.stderr
    told = read_description(Path("collage.png"))
    assert told["classes"] == labels
    (path,) = Path("runs").glob("*/model.safetensors")
    model = pixace.load(path)
    prefixes = model.prompts(["a C++", "a \N{GRINNING FACE}"], labels, 1.0).prefixes.tolist()
    assert len({*map(tuple, prefixes)}) == 4
    assert [prefixes[0], prefixes[1]] == [prefixes[3], prefixes[4]]


@pytest.mark.parametrize(
    ("longest", "said"),
    [
        (2, "captions.longest is 2, .* set captions.longest = 4 or more"),
        (0, "captions.longest is 0; it must be 1 or more"),
    ],
)
def test_captions_cut_before_their_labels_are_refused_before_the_run(
    tiny, worded_pictures, tmp_path, longest, said
):
    bound = [*tiny, f"captions.longest = {longest}"]
    template = "a light of {label}"
    with pytest.raises(ConfigError, match=said):
        pixace.train(worded_pictures, gin="base", bindings=bound, template=template, root=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_cut_behind_the_labels_trains_to_the_end(tiny, worded_pictures, tmp_path):
    bound = [*tiny, "captions.longest = 1", "train.steps = 1"]
    outcome = pixace.train(
        worded_pictures, gin="base", bindings=bound, template="{label} is how light", root=tmp_path
    )
    assert outcome.collage.is_file()
    assert sorted(outcome.run.read().captions.words) == ["one", "zero"]


@pytest.mark.parametrize("classes", [[0, 1], "01"], ids=str)
def test_a_photo_follows_one_class(model, classes):
    with pytest.raises(PixaceError, match="one text or one class; leave out all others"):
        model.complete(np.zeros((4, 4, 3), np.uint8), classes=list(classes))


@pytest.mark.parametrize("wish", [{"text": "one"}, {"classes": "1"}, {"guidance": 2.0}], ids=str)
def test_a_model_without_captions_says_so(tiny_outcome, tmp_path, wish):
    plain = pixace.load(tiny_outcome.run.path)
    with pytest.raises(PixaceError, match=r"trained without captions .* DATA --captions"):
        pixace.generate(tmp_path / "a.png", run=plain, **wish)
    with pytest.raises(PixaceError, match="trained without captions"):
        plain.generate(1, **wish)


def test_broken_words_of_a_model_file_are_named(worded_outcome, tmp_path):
    weights, description = model_file.read(worded_outcome.run.path)
    object.__setattr__(description, "captions", {"wrong": 1})
    model_file.save(tmp_path / "broken.safetensors", weights, description)
    with pytest.raises(PixaceError, match=r"is damaged: it has a field .captions.wrong. that"):
        pixace.load(tmp_path / "broken.safetensors")


@pytest.mark.slow
def test_a_training_with_captions_that_was_stopped_equals_one_that_was_not(
    tiny, worded_pictures, tmp_path, monkeypatch
):
    settings = {
        "gin": "base",
        "bindings": [*tiny, "train.drop_caption = 0.5", "train.accumulate = 2"],
        "template": ["a light of {label}", "{label}"],
        "root": tmp_path,
    }
    whole = pixace.train(worded_pictures, **settings)
    with monkeypatch.context() as patch:
        asked = iter(range(100))
        patch.setattr(fit, "stopped_by_signal", lambda: _Stopping(lambda: next(asked) >= 2))
        cut = pixace.train(worded_pictures, **settings)
    assert cut.step == 2
    resumed = pixace.resume(cut.run.path, root=tmp_path)
    (one, _), (two, _) = model_file.read(whole.run.path), model_file.read(resumed.run.path)
    for name in one:
        np.testing.assert_array_equal(one[name], two[name], err_msg=name)
    assert resumed.run.read().captions == whole.run.read().captions


class _Stopping:
    def __init__(self, stopped):
        self.stopped = stopped

    def __enter__(self):
        return self.stopped

    def __exit__(self, *_):
        return None


def test_the_captions_of_a_run_stay(worded_outcome, tmp_path):
    path = shutil.copytree(worded_outcome.run.path, tmp_path / "runs" / "stopped")
    Run(path).describe(status="stopped")
    with pytest.raises(ConfigError, match=r"has its captions; leave out 'captions\.use = False'"):
        pixace.resume(path, bindings=["captions.use = False"])


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        ({"captions": True}, TokenError, "has no captions; write them into a column `caption`"),
        ({"template": "a {label}"}, TokenError, "has no labels or captions for the template"),
        ({"template": "a {labl}"}, ConfigError, r"unknown field \{labl\}"),
        (
            {"captions": True, "bindings": ["train.drop_caption = 2"]},
            ConfigError,
            "drop_caption is 2",
        ),
        ({"bindings": ["captions.templates = 3"]}, ConfigError, r"captions\.templates = 3 is no"),
    ],
    ids=str,
)
def test_captions_that_cannot_be_learned_are_answered_in_a_line(
    tiny, tiny_pictures, tmp_path, arguments, error, said
):
    arguments = {**arguments, "bindings": [*tiny, *arguments.get("bindings", ())]}
    with pytest.raises(error, match=said) as caught:
        pixace.train(tiny_pictures, gin="base", root=tmp_path, **arguments)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == [], "nothing half-made is left"


def test_a_table_with_missing_captions_is_answered_with_how_many_and_the_first(tiny, tmp_path):
    lines = ["image_path,caption"]
    for number in range(6):
        Pillow.new("RGB", (4, 4), (40 * number,) * 3).save(tmp_path / f"{number}.png")
        lines.append(f"{number}.png,{'' if number in (2, 4) else 'a grey'}")
    (tmp_path / "list.csv").write_text("\n".join(lines))
    settings = {"gin": "base", "captions": True, "root": tmp_path / "runs"}
    with pytest.raises(TokenError, match=r"2 of the 6 pictures .* the first is [24]\.png; give"):
        pixace.train(tmp_path / "list.csv", bindings=tiny, **settings)
    bound = [*tiny, "captions.gaps = True", "train.steps = 1", "train.samples = 0"]
    outcome = pixace.train(tmp_path / "list.csv", bindings=bound, **settings)
    assert outcome.run.read().captions.words == ("a", "grey")
