"""bin/pixace makes its environment once, believes no broken one, and stays out of the way.

A checkout in small: the real scripts, pins that name no package, and a pixace that says what it
was given. Its folder has a space in its name.
"""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MAIN = """
import json, os, sys
print(json.dumps({"args": sys.argv[1:], "folder": os.getcwd(), "path": sys.path}))
"""


@pytest.fixture
def checkout(tmp_path):
    root = tmp_path / "a checkout"
    shutil.copytree(ROOT / "bin", root / "bin")
    for file, text in (
        ("requirements/slim.txt", "# none\n"),
        ("requirements/dev.txt", "# none\n"),
        ("pixace/__init__.py", ""),
        ("pixace/__main__.py", MAIN),
    ):
        (root / file).parent.mkdir(exist_ok=True)
        (root / file).write_text(text)
    return root


@pytest.fixture
def environ(tmp_path):
    """Finds no uv and no package index, and only the Python that runs the tests."""
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "python3").symlink_to(sys.executable)
    return {
        "PATH": f"{tools}:/usr/bin:/bin",
        "HOME": str(tmp_path),
        "PIP_NO_INDEX": "1",
        "PIXACE_PYTHON": "",
    }


def start(script, *args, env, cwd=None):
    return subprocess.run(
        ["bash", script, *args], env=env, cwd=cwd, capture_output=True, text=True, check=False
    )


def fake(folder, name, script):
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


@pytest.mark.slow
def test_first_start_says_one_line_and_the_second_nothing(checkout, environ, tmp_path):
    first = start(checkout / "bin/pixace", "train", "my photos/", env=environ, cwd=tmp_path)
    assert first.returncode == 0, first.stderr
    assert first.stderr.count("\n") == 1
    assert "once, about" in first.stderr
    said = json.loads(first.stdout)
    assert said["args"] == ["train", "my photos/"]
    assert said["folder"] == str(tmp_path)
    assert str(tmp_path) not in said["path"]

    second = start(checkout / "bin/pixace", env=environ)
    assert (second.returncode, second.stderr) == (0, "")


@pytest.mark.slow
def test_later_starts_need_no_tool_and_ignore_the_users_python_settings(checkout, environ):
    start(checkout / "bin/pixace", env=environ)
    elsewhere = checkout.parent / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "json.py").write_text("raise SystemExit('the wrong json')")
    (checkout.parent / "link").symlink_to(checkout / "bin/pixace")
    odd = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(elsewhere), "PYTHONHOME": "/nowhere"}
    result = start(checkout.parent / "link", "--help", env=environ | odd, cwd=elsewhere)
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["args"] == ["--help"]
    assert result.stderr == ""


@pytest.mark.slow
def test_new_pins_begin_anew_and_keep_the_layers_that_were_there(checkout, environ):
    assert start(checkout / "bin/pixace", env=environ).returncode == 0
    shutil.copy(checkout / "requirements/dev.txt", checkout / ".venv/dev.pins")
    (checkout / ".venv/old").touch()
    (checkout / "requirements/slim.txt").write_text("# newer\n")
    result = start(checkout / "bin/pixace", env=environ)
    assert result.returncode == 0, result.stderr
    assert not (checkout / ".venv/old").exists()
    assert (checkout / ".venv/slim.pins").read_text() == "# newer\n"
    assert (checkout / ".venv/dev.pins").read_text() == "# none\n"


@pytest.mark.slow
def test_a_set_up_that_fails_shows_why_and_the_next_start_tries_again(checkout, environ):
    pins = checkout / "requirements/slim.txt"
    pins.write_text(f"pixace-needs-no-such-package==1 --hash=sha256:{'0' * 64}\n")
    failed = start(checkout / "bin/pixace", env=environ)
    assert failed.returncode == 1
    assert failed.stdout == ""
    assert "No matching distribution found for pixace-needs-no-such-package==1" in failed.stderr
    assert failed.stderr.splitlines()[-1].startswith("pixace: the environment is not ready")
    pins.write_text("# none\n")
    assert start(checkout / "bin/pixace", env=environ).returncode == 0


@pytest.mark.slow
def test_only_files_that_the_pins_name_are_installed(checkout, environ, tmp_path):
    wheel = tmp_path / "wheels" / "tiny-1-py3-none-any.whl"
    wheel.parent.mkdir()
    with zipfile.ZipFile(wheel, "w") as file:
        file.writestr("tiny.py", "")
        for name, text in (
            (
                "METADATA",
                "Metadata-Version: 2.4\nName: tiny\nVersion: 1\nLicense-Expression: CC0-1.0",
            ),
            ("WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any"),
            ("RECORD", "tiny.py,,"),
        ):
            file.writestr(f"tiny-1.dist-info/{name}", f"{text}\n")
    environ |= {"PIP_FIND_LINKS": str(wheel.parent)}
    pins = checkout / "requirements/slim.txt"
    for hashes, said in (
        ("", "Hashes are required in --require-hashes mode"),
        (f" --hash=sha256:{'0' * 64}", "DO NOT MATCH THE HASHES"),
    ):
        pins.write_text(f"tiny==1{hashes}\n")
        refused = start(checkout / "bin/pixace", env=environ)
        assert refused.returncode == 1
        assert said in refused.stderr
    pins.write_text(f"tiny==1 --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n")
    licences = start(checkout / "bin/licences", env=environ)
    assert licences.returncode == 0, licences.stderr
    assert "tiny  1  CC0-1.0" in licences.stdout.splitlines()


@pytest.mark.slow
def test_a_set_up_that_is_killed_is_not_believed(checkout, environ):
    """The Python that makes the environment kills the whole start instead of coming to an end."""
    tools = checkout.parent / "tools"
    real = os.path.realpath(sys.executable)
    (tools / "python3").unlink()
    fake(
        tools, "python3", f'[ "$2" = venv ] && {{ "{real}" "$@"; kill -9 0; }}; exec "{real}" "$@"'
    )
    killed = subprocess.run(
        ["bash", checkout / "bin/pixace"], env=environ, start_new_session=True, check=False
    )
    assert killed.returncode == -signal.SIGKILL
    assert (checkout / ".venv/bin/python").exists()
    fake(tools, "python3", f'exec "{real}" "$@"')
    again = start(checkout / "bin/pixace", env=environ)
    assert again.returncode == 0
    assert "once, about" in again.stderr


@pytest.mark.slow
def test_two_starts_at_once_make_one_environment(checkout, environ):
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    both = [
        subprocess.Popen(["bash", checkout / "bin/pixace"], env=environ, **pipes) for _ in range(2)
    ]
    said = [process.communicate() for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert sum(errors.count("once, about") for _, errors in said) == 1


def test_a_python_that_exists_but_fails_is_passed_over(checkout, environ):
    """As a shim of pyenv does for a version that is not chosen; so does one that is too old."""
    tools = checkout.parent / "tools"
    (tools / "python3").unlink()
    fake(tools, "python3", "echo 'pyenv: python3: command not found' >&2; exit 127")
    fake(tools, "python3.13", "exit 1")
    fake(tools, "python3.12", "exit 1")
    (tools / "python3.11").symlink_to(sys.executable)
    found = subprocess.run(
        ["bash", "-c", f"source '{checkout}/bin/environment'; find_python"],
        env=environ | {"PATH": f"{tools}:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert (found.stdout, found.stderr) == ("python3.11\n", "")


def test_no_python_at_all_is_one_clear_line(checkout, environ):
    result = start(checkout / "bin/pixace", env=environ | {"PIXACE_PYTHON": "/no/such/python"})
    assert result.returncode == 1
    first, last = result.stderr.splitlines()
    assert "no Python 3.11 or newer runs as /no/such/python" in first
    assert "PIXACE_PYTHON=" in first
    assert "not ready" in last
    assert not (checkout / ".venv").exists()


def test_an_environment_of_the_users_own_is_left_alone(checkout, environ):
    (checkout / ".venv").mkdir()
    (checkout / ".venv/precious").touch()
    result = start(checkout / "bin/pixace", env=environ)
    assert result.returncode == 1
    assert "is not pixace's own; move it away" in result.stderr
    assert (checkout / ".venv/precious").exists()


AUDIT = {
    "dependencies": [
        {"name": "click", "version": "8", "vulns": [{"id": "CVE-1", "fix_versions": ["9"]}]},
        {"name": "six", "version": "1", "vulns": []},
        {"name": "own", "skip_reason": "not found"},
    ]
}


@pytest.mark.parametrize(
    ("script", "status", "said"),
    [
        (None, 0, "skipped pip-audit: it is not installed"),
        ("echo 'no connection' >&2; exit 1", 0, "skipped pip-audit: no connection"),
        ("exit 7", 0, "skipped pip-audit: it ends with 7"),
        (
            f"echo '{json.dumps({'dependencies': AUDIT['dependencies'][2:]})}'",
            0,
            "skipped pip-audit: who was asked knows none of the packages",
        ),
        (
            f"echo '{json.dumps({'dependencies': AUDIT['dependencies'][1:]})}'",
            0,
            "ok      pip-audit, 1 of 2 packages known",
        ),
        (
            f"echo '{json.dumps(AUDIT)}'; exit 1",
            1,
            "click 8: CVE-1, mended in 9\nFAILED  pip-audit, 2 of 3 packages known",
        ),
    ],
)
def test_known_weaknesses_are_told_where_somebody_knows(checkout, environ, script, status, said):
    tools = checkout.parent / "tools"
    if script:
        fake(tools, "pip-audit", script)
    done = subprocess.run(
        [sys.executable, checkout / "bin/audit"],
        env=environ | {"PATH": str(tools)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (status, f"{said}\n")


def test_check_refuses_an_option_it_does_not_know():
    result = start(ROOT / "bin/check", "--quick", env=dict(os.environ))
    assert result.returncode == 2
    assert "bin/check --fast" in result.stderr
