"""What bad input gets: one line that says what, why and what next; exit 1; nothing half-written."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image as Pillow

import pixace
from pixace.cli import main
from pixace.data import token_set
from pixace.errors import PixaceError
from pixace.zoo import shipped

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch, tiny_pictures):
    """A folder with good and bad input, where all commands work; no runs yet."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PIXACE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PIXACE_RUNS", "runs")
    (tmp_path / "good.npy").write_bytes(tiny_pictures.read_bytes())
    (tmp_path / "empty").mkdir()
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "a.png").write_bytes(b"no picture")
    (tmp_path / "text.txt").write_text("no source")
    (tmp_path / "table.csv").write_text("file,label\na.png,1\n")
    np.save(tmp_path / "none.npy", np.zeros((0, 4, 4), np.uint8))
    (tmp_path / "old").mkdir()
    Pillow.new("L", (4, 4)).save(tmp_path / "photo.png")
    return tmp_path


def assert_says(pattern, text):
    assert re.search(pattern, text), text


def everything(folder):
    """All files with their bytes, but not what is cached, which is whole or absent by its name."""
    return {
        path.relative_to(folder): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
        if "cache" not in path.relative_to(folder).parts
    }


def refused(folder, *words):
    """The one line that a command answers with."""
    before = everything(folder)
    result = CliRunner().invoke(main, [str(word) for word in words], prog_name="pixace")
    assert result.exit_code == 1, result.output
    assert isinstance(result.exception, SystemExit), "a traceback"
    assert result.stdout == ""
    *_, line = lines = result.stderr.splitlines()
    assert line.startswith("Error: ")
    assert [each for each in lines[:-1] if not each.startswith("skipped ")] == []
    assert everything(folder) == before
    assert not list(folder.rglob("*.part"))
    return line.removeprefix("Error: ")


SOURCES = [
    ("nothing", "no source 'nothing'"),
    ("god.npy", r"Did you mean god\.npy\?|Did you mean good\.npy\?"),
    ("empty", "empty holds no pictures; name a folder that does"),
    ("none.npy", "no pictures"),
    ("text.txt", r"text\.txt is no source of pictures"),
    ("table.csv", "image_path"),
    ("bad", r"none of the 1 pictures of bad can be read; one of them: a\.png: not a picture"),
    ("tfds:no_such_set", "no_such_set|tensorflow-datasets"),
]


@pytest.mark.parametrize(("source", "words"), SOURCES)
def test_a_source_that_is_missing_empty_or_broken(here, source, words):
    assert_says(words, refused(here, "tokenize", source, "out", "--size", "4"))


@pytest.mark.parametrize(("source", "words"), [SOURCES[0], SOURCES[2], SOURCES[6]])
def test_training_on_it_is_refused_before_there_is_a_run(here, tiny, source, words):
    sets = [f"--set={line}" for line in tiny]
    assert_says(words, refused(here, "train", source, "--gin", "base", *sets))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--size 4 --order patch:5", "multiple of 5, or another order"),
        ("--size 4 --order spirla", "no order 'spirla'; known: column, .* Did you mean spiral"),
        ("--size 0", "no size '0'; write WIDTHxHEIGHT"),
        ("--size 4x", "no size '4x'; write WIDTHxHEIGHT"),
        ("--size 99999", "99999x99999 pixels would make .* choose a smaller size"),
        ("--size 4 --colors hvs:1,1,1", "no colours 'hvs'; known: .* Did you mean hsv"),
        ("--size 4 --colors hsv:9,9,9", "hsv:9,9,9 is no colour scheme: it takes"),
        ("--size 4 --colors grey:one", "grey:one"),
        ("--size 4 --colors palette:none.npy", r"none\.npy"),
        ("--size 4 --colors palette:nothing.npy", r"nothing\.npy"),
        ("--size 4 --colors kmeans:0", "kmeans:0 is no colour scheme: it takes a number"),
        ("--size 4 --colors kmeans:8,hsl", "no space of colours 'hsl'; known: oklab, rgb"),
        ("--size 5 --colors exact", r"good\.npy\[0\]: 4x4 pixels, not 5x5, .* say --size 4x4"),
        ("--size 4 --colors exact --order spirl", "no order 'spirl'.* Did you mean spiral"),
        ("--size 4 --fit squeeze", "no fit 'squeeze'; known: center, crop, nearest, pad, stretch"),
        ("--size 4 --background clear", "no colour 'clear'"),
        ("--size 4 --validation nothing", "no source 'nothing'"),
        ("--size 4 --validation-fraction 1.5", "a validation fraction of 1.5 makes no sense"),
    ],
)
def test_a_setting_that_is_unknown_or_does_not_fit(here, words, said):
    assert_says(said, refused(here, "tokenize", "good.npy", "out", *words.split()))


def test_a_report_of_unknown_colours_or_with_an_existing_folder_writes_nothing(here):
    words = ["tokenize", "good.npy", "--size", "4", "--report", "r.png"]
    assert_says("no colours 'gray'", refused(here, *words, "--compare", "gray:2"))
    assert_says("old exists already; choose another name", refused(here, *words, "old"))
    assert_says(r"must end in \.png", refused(here, *words[:-1], "r.jpg"))
    assert_says("is a folder", refused(here, *words[:-1], "old"))


def test_an_existing_folder_is_never_written_over(here):
    assert_says("old exists already", refused(here, "tokenize", "good.npy", "old", "--size", "4"))
    assert_says("good.npy exists already", refused(here, "tokenize", "good.npy", "good.npy"))


@pytest.mark.parametrize("command", ["generate", "complete photo.png", "train --resume"])
def test_no_run_yet_or_not_that_one(here, command, monkeypatch):
    """Where no model comes along, either."""
    monkeypatch.setattr(shipped, "HERE", here / "none")
    assert_says("no runs in .*; train one with: pixace train", refused(here, *command.split()))
    flag = [] if "resume" in command else ["--run"]
    assert_says(
        "no run 'nothing'; there are none in", refused(here, *command.split(), *flag, "nothing")
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--set nothing.here=1", "'nothing.here=1' cannot be bound: nothing has a setting nothing"),
        ("--set train.stepz=1", r"'train.stepz=1' cannot be bound: .* did you mean train\.steps\?"),
        ("--set train.steps", "'train.steps' cannot be bound"),
        ("--set train.steps=many", "'train.steps=many' cannot be bound"),
        ("--set transformer.vocab_size=9", "vocab_size"),
        ("--steps 0", "train.steps is 0"),
        ("--gin nothing", "no gin file 'nothing'; known: .*digits"),
        ("--model gru", "no model 'gru'; known: modern, reformer, transformer"),
        ("--size 4 --order patch:3", "patches of 3x3 do not fill 4x4 pixels"),
        ("--name a/b", "a run cannot be called 'a/b'"),
        ("--set HEADS=3", "3"),
        ("--track mlfow", "no tracker 'mlfow'; known: .* Did you mean mlflow"),
        ("--track mlflow:server", "mlflow:server names no server; write mlflow:http://HOST:5000"),
        ("--track none --track tensorboard", "none means no tracker at all"),
        ("--set train.track='x'", "no tracker 'x'; known: mlflow, none, tensorboard"),
    ],
)
def test_a_training_that_cannot_be_meant(here, tiny, words, said):
    sets = [f"--set={line}" for line in tiny]
    assert_says(said, refused(here, "train", "good.npy", "--gin", "base", *sets, *words.split()))


def test_numbers_that_are_missing_are_asked_for(here):
    said = refused(here, "train", "good.npy", "--gin", "base", "--size", "4")
    assert_says(r"transformer\.d_model has no value yet; set it in a gin file or with --set", said)


@pytest.fixture
def trained(monkeypatch, tiny_outcome):
    monkeypatch.setenv("PIXACE_RUNS", str(tiny_outcome.run.path.parent))
    return tiny_outcome.run


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("generate --n 0", "cannot generate 0 pictures"),
        ("generate --top-p 2", "top_p is 2.0; it must be"),
        ("generate --temperature -1", "temperature is -1.0; it must be"),
        ("generate --n 9 --scale 9999", "too large"),
        ("generate --out old", "old is a folder"),
        ("generate --out c.jpg", r"c\.jpg: its name must end in \.png"),
        ("generate --again photo.png", "photo.png does not say how it was made"),
        ("generate --again text.txt", r"text\.txt"),
        ("generate --again nothing.png", r"nothing\.png"),
        ("generate --run text.txt", "no run 'text.txt'; runs in"),
        ("complete old", "old is a folder; name the pictures, such as old/"),
        ("complete nothing.png", "no photo to complete: nothing.png: no such file"),
        ("complete text.txt", "no photo to complete: text.txt: not a picture"),
        ("complete photo.png text.txt --strict", "text.txt: not a picture"),
        ("complete photo.png --cut 120%", "cannot cut at '120%'; give 0 to 16 pixels"),
        ("complete photo.png --cut x", "cannot cut at 'x'"),
        ("complete photo.png --samples 0", "at least one temperature and one sample"),
        ("complete photo.png --out old", "old is a folder"),
        ("complete --again photo.png", "photo.png does not say how it was made"),
        ("train --resume", "is finished after 6 steps"),
    ],
)
def test_a_drawing_that_cannot_be_meant(here, trained, words, said):
    assert_says(said, refused(here, *words.split()))


def test_a_run_of_that_name_exists(here, tiny, trained):
    sets = [f"--set={line}" for line in tiny]
    words = ["train", "good.npy", "--gin", "base", *sets, "--name", trained.name]
    assert_says("exists; choose another --name, or go on with --resume", refused(here, *words))


LONG = "x" * 300


@pytest.mark.parametrize(
    "words",
    [
        "runs --runs LONG",
        "generate --run LONG",
        "generate --runs LONG",
        "generate --out LONG.png",
        "generate --each LONG",
        "generate --gif LONG.gif",
        "generate --again LONG.png",
        "complete photo.png --out LONG.png",
        "tokenize LONG out",
        "tokenize good.npy LONG --size 4",
        "tokenize good.npy --report LONG.png --size 4",
        "tokenize good.npy out --size 4 --colors vq:LONG",
        "tokenize good.npy out --size 4 --colors palette:LONG.npy",
        "tokenize good.npy out --size 4 --validation LONG",
        "train LONG",
        "train good.npy --gin LONG",
        "train good.npy --gin base --name LONG TINY",
        "train good.npy --gin base --runs LONG TINY",
        "train --resume LONG",
        "codebook LONG",
        "import LONG",
    ],
)
def test_a_name_too_long_for_the_system(here, trained, tiny, words):
    sets = [f"--set={line}" for line in tiny]
    given = [word.replace("LONG", LONG) for word in words.split() if word != "TINY"]
    result = CliRunner().invoke(main, given + (sets if "TINY" in words else []))
    assert (result.exit_code, result.stdout) == (1, "")
    assert isinstance(result.exception, SystemExit), "a traceback"
    assert_says("(?i)file name too long", result.stderr)
    assert result.stderr.count("\n") == 1
    assert not list(here.rglob("*.part"))


def test_a_link_to_itself(here, trained):
    (here / "loop").symlink_to("loop")
    for words in ("generate --run loop", "generate --out loop/a.png", "tokenize loop out"):
        refused(here, *words.split())
    assert "no runs in" in CliRunner().invoke(main, ["runs", "--runs", "loop"]).stdout


@pytest.mark.parametrize(
    "call",
    [
        lambda name: pixace.tokenize(name, "out"),
        lambda name: pixace.tokenize("good.npy", name, size=4),
        pixace.train,
        lambda name: pixace.train("good.npy", gin=name),
        pixace.load,
        lambda name: pixace.load(root=name),
        lambda name: pixace.again(name, "out.png"),
        pixace.import_weights,
        lambda name: pixace.load().complete(name),
    ],
)
def test_a_name_with_a_zero_in_it(here, trained, call):
    with pytest.raises(PixaceError) as caught:
        call("a\0b")
    assert "\n" not in str(caught.value)


def test_the_home_folder_is_found_by_every_command(here, trained, tiny, monkeypatch):
    """As in `--out=~/a.png`, which no shell touches."""
    monkeypatch.setenv("HOME", str(here))
    home = here / "elsewhere"
    home.mkdir()
    np.save(here / "palette.npy", [[0, 0, 0], [255, 255, 255]])
    for words in (
        "tokenize ~/good.npy ~/elsewhere/set --size 4 --colors palette:~/palette.npy",
        "tokenize ~/good.npy --report=~/elsewhere/report.png --size 4 --colors grey:4",
        f"generate --n 2 --runs {trained.path.parent} --out=~/elsewhere/a.png",
        "generate --n 2 --gif=~/elsewhere/a.gif --each=~/elsewhere/each --out=~/elsewhere/b.png",
        "generate --again=~/elsewhere/a.png --out=~/elsewhere/c.png",
        "complete ~/photo.png --out=~/elsewhere/d.png",
    ):
        result = CliRunner().invoke(main, words.split())
        assert result.exit_code == 0, result.output
    assert sorted(path.name for path in home.iterdir()) == [
        *("a.gif", "a.png", "b.png", "c.png", "d.png", "each", "report.png", "set")
    ]
    monkeypatch.setenv("PIXACE_RUNS", "~/elsewhere")
    assert f"no runs in {home}" in CliRunner().invoke(main, ["runs"]).stdout
    assert f"no runs in {home}" in CliRunner().invoke(main, ["runs", "--runs=~/elsewhere"]).stdout
    assert not (here / "~").exists()


def test_the_home_folder_is_found_by_every_call(here, trained, monkeypatch):
    monkeypatch.setenv("HOME", str(here))
    assert pixace.tokenize("~/good.npy", "~/set", size=4, colors="grey:4").path == here / "set"
    assert token_set.is_set("~/set")
    assert token_set.open_set("~/set").header.splits["train"] == 38
    model = pixace.load(trained.path)
    assert model.complete("~/photo.png", samples=1).finished.shape == (1, 1, 1, 4, 4, 3)
    monkeypatch.setenv("HOME", str(trained.path.parent))
    assert pixace.load(f"~/{trained.name}").path == trained.path
    assert pixace.load(root="~").path == trained.path
    assert not (here / "~").exists()


@pytest.mark.parametrize("words", ["runs --runs ~nobody-here/x", "generate --out ~nobody-here/a"])
def test_a_home_folder_of_nobody(here, trained, words):
    assert_says("no home folder to find ~nobody-here/", refused(here, *words.split()))


def limited(size, *words):
    """What a process answers whose files may have so many KiB."""
    return subprocess.run(
        [
            "bash",
            "-c",
            f'ulimit -f {size}; "$@"',
            "",
            sys.executable,
            "-B",
            "-m",
            "pixace",
            *words,
        ],  # -B: or half a module would be kept
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(ROOT), "PIXACE_CACHE": "cache", "JAX_PLATFORMS": "cpu"},
    )


TOO_LARGE = r"^Error: cannot write .*: file too large.*; raise the limit \(ulimit -f\)"


def test_a_limit_on_the_size_of_files_stops_tokenizing(here):
    done = limited(1, "tokenize", "digits", "set", "--size", "8")
    assert_says(rf"{TOO_LARGE}.*\n\Z", done.stderr)
    assert (done.returncode, done.stdout) == (1, "")
    assert not list(here.glob("*set*"))


@pytest.mark.slow
@pytest.mark.parametrize("size", [1, 8, 900])
def test_a_limit_on_the_size_of_files_stops_a_training_before_it_begins(here, tiny, size):
    sets = [f"--set={line}" for line in tiny]
    done = limited(size, "train", "good.npy", "--gin", "base", *sets, "--runs", "runs")
    *before, line = done.stderr.splitlines()
    assert_says(TOO_LARGE, line)
    assert before == []
    assert (done.returncode, done.stdout) == (1, "")
    assert not (here / "runs").exists()


@pytest.fixture
def small_disk(here):
    """A file system of some bytes, mounted for one test; only root may do that."""
    place = here / "disk"
    place.mkdir()

    def mount(size):
        made = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", place],
            capture_output=True,
            check=False,
        )
        if made.returncode:
            pytest.skip("cannot mount a file system here")
        return place

    try:
        yield mount
    finally:
        subprocess.run(["umount", place], capture_output=True, check=False)


@pytest.mark.parametrize("words", ["--out disk/c.png", "--each disk/new", "--gif disk/a.gif"])
def test_a_disk_that_cannot_be_written_is_told_before_drawing(
    here, small_disk, trained, monkeypatch, words
):
    small_disk("4k,ro")
    monkeypatch.setattr("pixace.sampling.sampler.Sampler.generate_tokens", None)
    said = refused(here, "generate", *words.split())
    assert_says(r"cannot write disk/\S+: read-only file system; choose another place", said)


FULL = "no space left on disk"


def test_a_full_disk_stops_tokenizing(here, small_disk):
    place = small_disk("8k")
    assert_says(FULL, refused(here, "tokenize", "digits", place / "set", "--size", "8"))


@pytest.mark.parametrize("extra", [[], ["--each", "disk/each", "--out", "c.png"]])
def test_a_full_disk_stops_a_collage(here, small_disk, trained, extra):
    place = small_disk("4k")
    (place / "filler").write_bytes(bytes(4096))
    words = ["generate", "--n", "9", "--out", place / "c.png", *extra]
    result = CliRunner().invoke(main, [str(word) for word in words])
    assert result.exit_code == 1
    assert_says(rf"\AError: cannot write .*: {FULL}.*\n\Z", result.stderr)
    assert [path.name for path in place.rglob("*.p*")] == []


UNSEEN = """
from pixace.cli import main
from pixace.runs.checkpoints import Checkpoints
Checkpoints.check_room = lambda *_: None
main()
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("how", "size", "left"),
    [
        (("-m", "pixace"), "4k", []),
        (("-m", "pixace"), "900k", []),
        (("-m", "pixace"), "1150k", ["runs"]),
        (("-c", UNSEEN), "200k", ["runs"]),  # full while a checkpoint is written
    ],
)
def test_a_full_disk_stops_a_training_with_one_line(here, small_disk, tiny, how, size, left):
    """In a process of its own: libraries complain from threads and at the very end."""
    place = small_disk(size)
    sets = [f"--set={line}" for line in tiny]
    result = subprocess.run(
        [
            *(sys.executable, *how, "train", "good.npy", "--gin", "base", *sets),
            *("--runs", place / "runs", "--name", "full"),
        ],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(ROOT), "PIXACE_CACHE": "cache", "JAX_PLATFORMS": "cpu"},
    )
    assert (result.returncode, result.stdout) == (1, "")
    *before, line = result.stderr.splitlines()
    assert_says(f"^Error: cannot write .*{FULL}", line)
    assert [each for each in before if not each.startswith("step ")] == []
    assert [path.name for path in place.iterdir()] == left
    assert not [path for path in place.rglob("*") if path.name.endswith((".part", "-tmp"))]
