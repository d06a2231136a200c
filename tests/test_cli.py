"""The command line: help that can be pasted, a fast start, completion, results on stdout alone."""

import io
import json
import math
import shlex
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from pixace.cli import COMMANDS, main
from pixace.commands import options
from pixace.runs import run_folder
from pixace.storage import sealed

ROOT = Path(__file__).parents[1]


def run(*words, code=0):
    """One command in this process; stdout and stderr apart."""
    result = CliRunner().invoke(main, [str(word) for word in words], prog_name="pixace")
    assert result.exit_code == code, result.output
    return result


def help_of(*command):
    return run(*command, "--help").stdout


def examples(*command):
    """The lines after the last `Example:`, without what belongs to the shell."""
    _, example = help_of(*command).split("Example:\n\n")
    for line in example.rstrip().splitlines():
        words = shlex.split(line.partition(" >")[0], comments=True)
        assert words[0] == "pixace", line
        yield words[1:]


def python(script, **environment):
    return subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": "/usr/bin:/bin", **environment},
    ).stdout


@pytest.mark.parametrize("command", [(), *((name,) for name in COMMANDS)], ids=str)
def test_help_ends_in_examples_that_parse(command):
    found = list(examples(*command))
    assert found
    for name, *words in found:
        command = main.get_command(None, name)
        below = getattr(command, "commands", {}).get(next(iter(words), None))
        parsed = below.make_context(name, words[1:]) if below else command.make_context(name, words)
        assert not parsed.args


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_has_a_help_text_and_the_list_of_commands_is_true(name):
    command = main.get_command(None, name)
    assert command.name == name
    assert COMMANDS[name] in help_of()
    for parameter in command.params:
        if parameter.param_type_name == "option":
            assert parameter.help, parameter.name


def test_an_example_ends_the_help_with_lines_as_they_are():
    assert options.example("a  b", "c") == "Example:\n\n\b\n    a  b\n    c"


def test_help_imports_no_array_library():
    script = (
        "import sys; from pixace.cli import COMMANDS, main\n"
        "for words in (['--help'], ['--version'], *([name, '-h'] for name in COMMANDS)):\n"
        "    try: main(words, prog_name='pixace')\n"
        "    except SystemExit as end: assert not end.code\n"
        "print({'numpy', 'jax', 'PIL', 'gin'} & sys.modules.keys())"
    )
    assert python(script).endswith("set()\n")


def test_an_unknown_command_or_option_is_clicks_own_error():
    assert "No such command 'dream'" in run("dream", code=2).stderr
    assert "No such option '--sizes'" in run("tokenize", "digits", "--sizes", "8", code=2).stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_call_pixace(shell):
    script = run("completion", shell).stdout
    assert f"_PIXACE_COMPLETE={shell}_complete" in script
    facts = json.loads(run("completion", shell, "--json").stdout)
    assert facts == {"shell": shell, "script": script[:-1]}


COMPLETE = "from pixace.cli import main; main(prog_name='pixace')"


def completed(words, number, **environment):
    """What bash would offer for the last of these words."""
    return [
        line.partition(",")[2]
        for line in python(
            f"import sys\ntry:\n    {COMPLETE}\nexcept SystemExit: pass",
            _PIXACE_COMPLETE="bash_complete",
            COMP_WORDS=words,
            COMP_CWORD=str(number),
            **environment,
        ).splitlines()
    ]


def test_commands_options_and_values_are_completed():
    assert completed("pixace co", 1) == ["codebook", "complete", "compress", "completion"]
    assert completed("pixace generate --top", 2) == ["--top-k", "--top-p"]
    assert completed("pixace train --model re", 3) == ["reformer"]
    assert completed("pixace tokenize pho", 2) == ["pho"], "left to the shell, which knows files"


@pytest.mark.parametrize("root", ["~nobody-here", "x" * 300, "/dev/null"])
def test_a_place_without_runs_completes_nothing(root):
    assert completed("pixace generate --run ", 3, PIXACE_RUNS=root) == [""], "no line at all"


def test_names_of_runs_are_completed(tiny_outcome):
    path = tiny_outcome.run.path
    assert completed("pixace generate --run ", 3, PIXACE_RUNS=str(path.parent)) == [path.name]
    assert completed(f"pixace generate --runs {path.parent} --run ", 5) == [path.name]


@pytest.fixture
def here(tmp_path, monkeypatch, tiny_outcome):
    """An empty folder to work in, with the tiny run as the latest."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PIXACE_RUNS", str(tiny_outcome.run.path.parent))
    return tmp_path


@pytest.mark.parametrize(
    "words",
    [
        "runs",
        "generate --n 2",
        "complete {photo} nothing.jpg",
        "tokenize {pictures} tokens --size 4",
        "tokenize {pictures} --size 4 --report report.png --compare grey:2",
        "tokenize {pictures} more --size 4 --report report.png",
    ],
)
def test_json_is_one_object_and_all_there_is_on_stdout(words, here, tiny_outcome, tiny_pictures):
    photo = tiny_outcome.run.path / "collage.png"
    result = run(*words.format(photo=photo, pictures=tiny_pictures).split(), "--json")
    assert isinstance(json.loads(result.stdout), dict)
    assert result.stdout.count("\n") == 1
    plain = [line for line in result.stderr.splitlines() if not line.startswith("skipped ")]
    assert plain == []


@pytest.mark.slow
def test_training_answers_in_one_object_too(here, tiny, tiny_pictures):
    sets = [f"--set={line}" for line in tiny]
    words = ["train", tiny_pictures, "--gin", "base", *sets, "--steps", "1", "--runs", here]
    facts = json.loads(run(*words, "--json").stdout)
    assert (facts["step"], facts["steps"]) == (1, 1)
    assert Path(facts["run"]).parent == here
    assert Path(facts["collage"]).is_file()


def test_a_command_that_fails_says_so_in_one_line_of_stderr_even_with_json(here):
    result = run("generate", "--run", "nothing", "--json", code=1)
    assert result.stdout == ""
    assert result.stderr.startswith("Error: no run 'nothing'; runs in ")
    assert result.stderr.count("\n") == 1


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(("stream", "shown"), [(Terminal(), True), (io.StringIO(), False)])
def test_a_bar_is_shown_to_a_terminal_and_nobody_else(here, monkeypatch, stream, shown):
    import pixace

    monkeypatch.setattr(sys, "stderr", stream)
    pixace.generate(n=2, progress=True)
    assert ("drawing" in stream.getvalue()) == shown


def test_runs_are_listed_with_data_model_steps_and_loss(here, tiny_outcome):
    head, line = run("runs").stdout.splitlines()
    assert head.split() == ["run", "data", "model", "steps", "nats/token", "status"]
    loss = f"{tiny_outcome.loss:.4f}"
    name = tiny_outcome.run.name
    assert line.split() == [name, "stripes.npy", "transformer", "6/6", loss, "finished"]


def test_json_has_no_numbers_that_json_does_not_know(tmp_path, described):
    """What a program reads must be JSON; NaN and Infinity are none."""
    values = {"a": math.nan, "b": math.inf, "c": 0.5, "d": None, "e": 0.0}
    for kind, metric in (("transformer", "nats"), ("codebook", "psnr")):
        for name, value in values.items():
            it = described(name=name, kind=kind, training={"rate": value}, **{metric: 0.5})
            place = run_folder.create(tmp_path, f"{name}-{kind}", "").path / run_folder.INFO
            fields = asdict(it)
            fields[sealed.SUM] = sealed._sum(fields)
            place.write_text(json.dumps(fields))  # which pixace itself would refuse

    def refuse(word):
        raise AssertionError(word)

    said = json.loads(run("runs", "--runs", tmp_path, "--json").stdout, parse_constant=refuse)
    rates = [it["training"]["rate"] for it in said["runs"]]
    assert rates[::2] == [None, None, 0.5, None, 0.0]


def test_plain_facts_stay_as_they_are(capsys):
    facts = {"a": [1.5, True, None, "–"], "b": {"c": (math.inf, -math.inf)}, "d": 2**80}
    options.say("", facts, True)
    plain = {"a": [1.5, True, None, "–"], "b": {"c": [None, None]}, "d": 2**80}
    assert json.loads(capsys.readouterr().out) == plain


def test_no_runs_is_an_answer_that_says_what_next(tmp_path):
    assert "train one with: pixace train" in run("runs", "--runs", tmp_path).stdout
    assert json.loads(run("runs", "--runs", tmp_path, "--json").stdout) == {"runs": []}


def test_resume_takes_nothing_that_the_run_decides(here, tiny_pictures):
    for words in (["--model", "reformer"], ["--size", "8"], [tiny_pictures], ["--name", "a"]):
        result = run("train", *words, "--resume", code=2)
        assert "from the run itself; leave it out" in result.stderr


def test_a_report_needs_no_tokens_and_colours_to_compare_need_a_report(here, tiny_pictures):
    assert (
        "--compare goes with --report"
        in run("tokenize", tiny_pictures, "out", "--compare", "grey:2", code=2).stderr
    )
    assert "name the folder OUT" in run("tokenize", tiny_pictures, code=2).stderr
    run("tokenize", tiny_pictures, "--size", "4", "--report", "r.png")
    assert [path.name for path in here.iterdir()] == ["r.png"]


def test_skipped_pictures_are_named_and_counted(here, tiny_outcome):
    (here / "photos").mkdir()
    picture = (tiny_outcome.run.path / "collage.png").read_bytes()
    (here / "photos" / "good.png").write_bytes(picture)
    (here / "photos" / "bad.png").write_bytes(picture[:100])
    result = run("tokenize", "photos", "tokens", "--size", "4")
    assert result.stderr.startswith("skipped bad.png: ")
    assert "1 skipped" in result.stdout
    assert "bad.png" in run("tokenize", "photos", "t", "--size", "4", "--strict", code=1).stderr
    assert not (here / "t").exists()


def test_the_end_of_a_file_is_no_wish_of_a_person(monkeypatch):
    def ended(*_, **__):
        raise EOFError("Compressed file ended before the end-of-stream marker was reached")

    monkeypatch.setattr(click.Command, "invoke", ended)
    answer = CliRunner().invoke(main, ["runs"])
    assert isinstance(answer.exception, RuntimeError)
    assert "Aborted" not in answer.output
