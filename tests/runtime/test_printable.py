"""What people are told: one line each, and nothing in it drives their terminal."""

import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Pillow

from pixace.cli import main
from pixace.commands.options import run_names, say
from pixace.runs import model_file, run_folder
from pixace.runtime.printable import printable, safe_json, tell
from pixace.trackers import outbox

NAMES = [
    "new\nline.png",
    "ret\rurn.png",
    "tab\t.png",
    "\x1b]0;owned\x07.png",
    "\x1b[31mred\x1b[0m.png",
    "rtl\u202egnp.png",
    "c1\x9b31m.png",
]
DRIVING = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*words, code=0):
    result = CliRunner().invoke(main, [str(word) for word in words])
    assert result.exit_code == code, result.output
    assert not DRIVING.search(result.output)
    return result


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a\nb", r"a\nb"),
        ("\x1b[31m", r"\x1b[31m"),
        ("\x9b", r"\x9b"),
        ("\u202egnp", r"\u202egnp"),
        ("\u2028", r"\u2028"),
        ("\ud800", r"\ud800"),
        ("\U000e0041", r"\U000e0041"),
        ("grün 猫 👩\u200d🚒 mi\u200cravam 1.000\xa0€ 🫨", None),
        (r"C:\new", None),
    ],
)
def test_names_are_shown_as_they_are_but_for_what_drives_a_terminal(name, shown):
    assert printable(name) == (name if shown is None else shown)


@given(st.text())
def test_all_text_becomes_one_line_and_stays_what_it_became(text):
    shown = printable(text)
    assert not DRIVING.search(shown)
    assert "\n" not in shown
    assert printable(shown) == shown


@given(st.recursive(st.text(), lambda each: st.dictionaries(st.text(), each) | st.lists(each)))
def test_json_says_the_same_and_drives_nothing(value):
    text = safe_json(json.dumps(value, ensure_ascii=False))
    assert json.loads(text) == value
    assert not DRIVING.search(text)


def test_a_line_is_told_on_stderr(capsys):
    tell("a\x1b\nb")
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "a\\x1b\\nb\n")


def test_results_are_lines_for_people_and_as_they_are_in_json(capsys):
    say(["a\x1b", "b\nc"], {"name": "b\x9b\nc"}, as_json=False)
    assert capsys.readouterr().out == "a\\x1b\nb\\nc\n"
    say(["a"], {"name": "b\x9b\nc ü"}, as_json=True)
    said = capsys.readouterr().out
    assert said == '{"name": "b\\u009b\\nc ü"}\n'
    assert json.loads(said) == {"name": "b\x9b\nc ü"}


@pytest.mark.parametrize("name", NAMES)
def test_a_bad_picture_of_any_name_is_told_in_one_line(here, name):
    Path("photos").mkdir()
    for i in range(3):
        Pillow.new("L", (4, 4), 100 * i).save(f"photos/{i}.png")
    Path("photos", name).write_bytes(b"no picture")
    said = run("tokenize", "photos", "set", "--size", "4")
    assert said.stderr.startswith(f"skipped {printable(name)}: ")
    assert said.stderr.count("\n") == 1
    assert (
        run("tokenize", "photos", "other", "--size", "4", "--strict", code=1).stderr.count("\n")
        == 1
    )
    told = json.loads(run("tokenize", "photos", "third", "--size", "4", "--json").stdout)
    assert told["skipped_first"][0].startswith(f"{name}: ")  # as it is called
    run("complete", Path("photos", name), code=1)


@pytest.mark.parametrize("name", NAMES)
def test_places_of_any_name_are_told_in_one_line(here, name):
    Path(name).mkdir()
    Pillow.new("L", (4, 4)).save(Path(name, "a.png"))
    Pillow.new("L", (4, 4), 200).save(Path(name, "b.png"))
    said = run("tokenize", name, f"{name}-set", "--size", "4")
    assert said.stdout.startswith(f"{printable(name)}-set: 1 pictures to train on")
    assert said.stdout.count("\n") == 1
    run("tokenize", name, f"{name}-set", "--size", "4", code=1)  # exists
    run("tokenize", f"no {name}", "set", code=1)
    run("tokenize", "digits", "set", "--size", name, code=1)
    run("tokenize", "digits", "set", "more", name, code=2)
    run(name, code=2)


def test_runs_of_any_name_and_kind_are_listed(here, described):
    made = described(name="a\x1b[2J", kind="\x1b]0;owned\x07model", named="/a/\x1b[2Jdata\n")
    folder = Path("runs", "a\x1b[2J")
    folder.mkdir(parents=True)
    run_folder.Run(folder).write(made)
    said = run("runs", "--runs", "runs").stdout.splitlines()
    assert len(said) == 2
    assert said[1].split()[:2] == [r"a\x1b[2J", r"\x1b[2Jdata\n"]
    assert said[0].index("model") == said[1].index(r"\x1b]0;owned\x07model")
    listed = json.loads(run("runs", "--runs", "runs", "--json").stdout)
    assert listed["runs"][0]["model"]["kind"] == "\x1b]0;owned\x07model"
    run_folder.Run(folder).write(replace(made, status="\x1b]0;owned\x07finished"))
    refused = run("train", "--resume", folder, code=1).stderr
    assert r"is damaged: status is '\x1b]0;owned\x07finished' and none of running" in refused


def test_what_a_server_says_drives_no_terminal(capsys):
    class Quiet(outbox.Outbox):
        def __init__(self):
            self._name = "mlflow"

    Quiet().say("says \x1b[2J\nno")
    assert capsys.readouterr().err == "warning: mlflow says \\x1b[2J\\nno\n"


HOSTILE = "\x1b]0;owned\x07\u202e\x9b31m\rx"


def commands(group=main, name=()):
    """The words of every command and of every one below it."""
    context = click.Context(group)
    for each in group.list_commands(context):
        command = group.get_command(context, each)
        yield (*name, each), command
        if isinstance(command, click.Group):
            yield from commands(command, (*name, each))


def words_of(command):
    """What it may be given: for each of its options one call, in which all words are hostile."""
    places = [HOSTILE for each in command.params if isinstance(each, click.Argument)]
    if any("--n" in each.opts for each in command.params):
        places += ["--n", "1"]
    yield [*places, "--no-such-\x1b[2J"]
    yield [*places, *places, HOSTILE, HOSTILE]
    for each in command.params:
        if isinstance(each, click.Option) and not each.is_flag:
            yield [*places, each.opts[0], HOSTILE]
            yield [*places, each.opts[0], f"{HOSTILE}.png", "--json"]


@pytest.fixture
def hostile_run(here, tiny_outcome, monkeypatch):
    """The latest run has a hostile name, says hostile things of itself, and draws."""
    monkeypatch.setenv("PIXACE_RUNS", "runs")
    run = run_folder.Run(Path("runs", HOSTILE))
    shutil.copytree(tiny_outcome.run.path, run.path)
    data = replace(run.read().data, named=f"/a/{HOSTILE}", tokens=f"/b/{HOSTILE}")
    arrays, about = model_file.read(run.path)
    told = replace(about, name=HOSTILE, data=data, status="stopped", start=HOSTILE)
    model_file.save(run.path / "model.safetensors", arrays, told)
    run.write(told)
    Path("shown").mkdir()
    shutil.copy(run.path / "model.safetensors", f"runs/{HOSTILE}.safetensors")
    return run


EVERY = [pytest.param(*each, id=" ".join(each[0])) for each in commands()]


@pytest.mark.parametrize(("name", "command"), EVERY)
def test_no_command_drives_a_terminal_whatever_it_is_given(hostile_run, name, command):
    for words in words_of(command):
        result = CliRunner().invoke(main, [*name, *words])
        assert isinstance(result.exception, SystemExit | None), words
        assert not DRIVING.search(result.output), words
    assert not DRIVING.search(CliRunner().invoke(main, [*name, "--help"]).output)


def test_what_stands_before_a_command_drives_no_terminal(here):
    for words in (["--no-such-\x1b[2J"], [HOSTILE], ["-\x1b"], ["--version=\x1b[2J"]):
        run(*words, code=2)


@pytest.mark.parametrize(
    "words",
    [
        "runs",
        "models",
        "generate --n 1 --out shown/a.png",
        "generate --n 1 --run HOSTILE.safetensors --out shown/b.png",
        "complete HOSTILE.png --samples 1 --out shown/c.png",
        "evaluate --run HOSTILE",
        "evaluate pictures --run HOSTILE",
        "compress pictures shown/a.pxc",
        "tokenize pictures shown/set --size 4 --colors grey:4",
        "doctor pictures --size 4 --colors grey:4",
        "probe pictures --run HOSTILE --labels",
        "features pictures shown/features.npz --run HOSTILE",
        "models pack HOSTILE shown/x.safetensors --about HOSTILE",
        "train --resume HOSTILE",
    ],
)
@pytest.mark.parametrize("more", [[], ["--json"]], ids=["", "json"])
def test_no_file_drives_a_terminal(hostile_run, words, more):
    Path("pictures").mkdir()
    for i in range(4):
        Pillow.new("L", (4, 4), 60 * i).save(Path("pictures", f"{i}{HOSTILE}.png"))
        Path("pictures", f"{i}{HOSTILE}.txt").write_text(f"caption {HOSTILE}")
    Path("pictures", f"bad{HOSTILE}.png").write_bytes(b"no picture")
    Pillow.new("L", (4, 4)).save(f"{HOSTILE}.png")
    given = [word.replace("HOSTILE", HOSTILE) for word in words.split()]
    result = CliRunner().invoke(main, [*given, *more])
    assert isinstance(result.exception, SystemExit | None)
    assert not DRIVING.search(result.output)
    if more and result.exit_code == 0:
        json.loads(result.stdout)


def test_the_shell_is_offered_no_name_that_drives_a_terminal(hostile_run):
    shutil.copytree(hostile_run.path, "runs/plain")
    context = click.Context(main, info_name="pixace")
    context.params = {"root": None}
    assert run_names(context, None, "") == ["plain"]


def test_what_libraries_warn_of_and_log_drives_no_terminal():
    script = (
        "import logging, warnings\n"
        "from pixace.runtime import printable\n"
        "printable.tame_libraries()\n"
        "warnings.warn('a\\x1b[2J\\nb')\n"
        "logging.getLogger('x').warning('c\\x9b%s', '\\u202e')\n"
    )
    said = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stderr
    assert not DRIVING.search(said)
    assert r"UserWarning: a\x1b[2J\nb" in said
    assert r"c\x9b\u202e" in said
