"""Standard streams that are full, closed or of another alphabet: an answer, or one line."""

import json
import os
import subprocess
import sys

import pytest

from pixace.runs import run_folder
from pixace.runtime import streams

FULL = "cannot write stdout: no space left on disk; free some or choose another place"


@pytest.fixture
def root(tmp_path, described):
    """A folder with one run that has no loss yet, which is shown as a dash."""
    root = tmp_path / "runs – é"
    run_folder.create(root, "a", "stem").write(described(named="/é/pictures–1"))
    return root


def pixace(*words, shell="", **environment):
    """One command in a process of its own; `shell` redirects its streams."""
    quoted = '"$@"'
    return subprocess.run(
        ["bash", "-c", f"{quoted} {shell}", "bash", sys.executable, "-m", "pixace", *words],
        env=os.environ | environment,
        capture_output=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["runs"], FULL),
        (["runs", "--json"], FULL),
        (["completion", "bash"], FULL),
        (["--help"], FULL),
        (["--version"], FULL),
        (["generate", "--help"], "no space left on disk; free some or choose another place"),
    ],
    ids=lambda it: "-".join(it) if isinstance(it, list) else "",
)
def test_a_full_disk_gets_one_line(root, words, said):
    done = pixace(*words, shell="> /dev/full", PIXACE_RUNS=str(root))
    assert (done.returncode, done.stderr.decode()) == (1, f"Error: {said}\n")


@pytest.mark.parametrize("words", [["runs"], ["--help"]], ids="-".join)
def test_a_reader_that_has_gone_is_left_in_peace(root, words):
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "pixace", *words],
        env=os.environ | {"PIXACE_RUNS": str(root)},
        stdout=writer,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writer)
    assert done.stderr == b""
    assert done.returncode == 1


@pytest.mark.parametrize("shell", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_are_none(root, shell):
    done = pixace("runs", shell=shell, PIXACE_RUNS=str(root))
    assert (done.returncode, done.stderr) == (0, b"")


def test_what_is_printed_does_not_land_in_a_file_that_took_a_closed_streams_number(monkeypatch):
    for name in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, name, None)
    streams.prepare()
    try:
        print("lost")
        print("lost", file=sys.stderr)
        assert sys.stdin.read() == ""
        assert sys.stdout.name == os.devnull
    finally:
        for stream in (sys.stdin, sys.stdout, sys.stderr):
            stream.close()


@pytest.mark.parametrize("encoding", ["latin-1", "utf-8", "ascii"])
def test_every_terminal_gets_its_answer(root, encoding):
    """Click itself writes UTF-8 where ASCII is claimed, which nobody means."""
    done = pixace("runs", PIXACE_RUNS=str(root), PYTHONIOENCODING=encoding)
    assert (done.returncode, done.stderr) == (0, b"")
    line = done.stdout.decode("utf-8" if encoding == "ascii" else encoding).splitlines()[1]
    dash = "?" if encoding == "latin-1" else "–"
    assert line.split() == ["a", f"pictures{dash}1", "transformer", "0/0", dash, "running"]


@pytest.mark.parametrize("encoding", ["latin-1", "utf-8", "ascii"])
def test_json_loses_no_character(root, encoding):
    done = pixace("runs", "--json", PIXACE_RUNS=str(root), PYTHONIOENCODING=encoding)
    assert (done.returncode, done.stderr) == (0, b"")
    assert json.loads(done.stdout.decode(encoding))["runs"][0]["path"] == str(root / "a")


def test_names_that_are_no_text_are_answered_too(tmp_path):
    root = os.fsdecode(os.fsencode(tmp_path) + b"/\xe9")
    done = pixace("runs", "--runs", root, PIXACE_CACHE=str(tmp_path / "cache"))
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"no runs in ")
