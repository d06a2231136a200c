"""Files are whole or absent."""

import errno
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pixace.errors import PixaceError
from pixace.storage import atomic
from pixace.storage.atomic import ADVICE, discard, expanded, reason, whole, writing


def test_the_name_appears_only_at_the_end(tmp_path):
    target = tmp_path / "deep" / "file"
    with whole(target) as draft:
        draft.write_text("new")
        assert not target.exists()
    assert target.read_text() == "new"
    assert list(target.parent.iterdir()) == [target]


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_failure_leaves_the_old_and_no_rest(tmp_path, kind):
    target = tmp_path / "file"
    target.write_text("old")

    def fail():
        with whole(target) as draft:
            if kind == "folder":
                draft.mkdir()
                (draft / "half").write_text("half")
            else:
                draft.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def rest_of(target, process, host=None):
    """A draft as a killed process leaves it, with something in it."""
    host = atomic._host() if host is None else host
    rest = target.with_name(f".{target.name}.{host}-{process:x}-1.part")
    rest.mkdir()
    (rest / "half").write_text("half")
    return rest


def killed():
    """The number of a process that is no more."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        return process.pid


def test_what_a_killed_process_left_is_cleared_by_the_next(tmp_path):
    target = tmp_path / "file.txt"
    dead, alive = rest_of(target, killed()), rest_of(target, os.getppid())
    others = [
        rest_of(tmp_path / "fileXtxt", killed()),
        rest_of(target, killed(), host="none"),
        tmp_path / ".file.txt.part",  # of a download, which is gone on with
    ]
    others[-1].write_text("half")
    with whole(target) as draft:
        draft.write_text("new")
    assert not dead.exists()
    assert alive.exists()
    assert all(path.exists() for path in others)


def test_what_another_host_left_is_cleared_a_day_later(tmp_path):
    host = "0000" if atomic._host() != "0000" else "1111"
    old, new = (rest_of(tmp_path / "file", process, host) for process in (1, 2))
    then = time.time() - 25 * 3600
    os.utime(old, (then, then))
    with whole(tmp_path / "file") as draft:
        draft.write_text("new")
    assert (old.exists(), new.exists()) == (False, True)


def test_a_draft_of_a_former_process_of_the_same_number_is_in_nobodys_way(tmp_path):
    """As in a container, where it is number 1 whenever it starts."""
    draft = atomic._draft(tmp_path / "file")
    draft.mkdir()
    with whole(tmp_path / "file") as own:
        assert own == draft
        own.mkdir()
    assert (tmp_path / "file").is_dir()


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "no space left on disk"),
        (errno.EDQUOT, "no space left on disk"),
        (errno.EROFS, "read-only file system; choose"),
        (errno.EFBIG, r"file too large; raise the limit \(ulimit -f\) or choose"),
        (errno.ENAMETOOLONG, "file name too long; choose a shorter one"),
        (errno.ELOOP, "too many levels of symbolic links; mend the link"),
        (errno.EIO, "input/output error; see whether the disk is well"),
        (errno.ENODEV, "no such device; choose another place"),
        (errno.EINVAL, "invalid argument; choose another name"),
        (errno.EMFILE, r"too many open files; raise the limit \(ulimit -n\)"),
    ],
)
def test_a_disk_that_refuses_is_explained_in_a_line(tmp_path, number, words):
    with (
        pytest.raises(PixaceError, match=f"^cannot write .*place: {words}"),
        writing(tmp_path / "place"),
    ):
        raise OSError(number, "as the system says it")


def test_other_failures_keep_their_traceback(tmp_path):
    with pytest.raises(OSError, match="odd"), writing(tmp_path):
        raise OSError(errno.ECHILD, "odd")
    with pytest.raises(ValueError, match="odd"), writing(tmp_path):
        raise ValueError("odd")


def test_what_cannot_be_read_elsewhere_is_not_what_cannot_be_written(tmp_path):
    def fail(named):
        with writing(tmp_path / "runs" / "a"):
            raise FileNotFoundError(errno.ENOENT, "as the system says it", str(named))

    with pytest.raises(FileNotFoundError):
        fail(tmp_path / "tokens" / "train-00000.npy")
    for place in ("runs/a/metrics.jsonl", "runs", "runs/.a.1.part"):
        with pytest.raises(PixaceError, match=r"cannot write .*a: no such file or directory; look"):
            fail(tmp_path / place)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EFBIG, errno.EROFS, errno.EIO])
def test_libraries_that_quote_the_system_are_understood(tmp_path, number):
    """Those in C++ and Rust, such as TensorStore and safetensors."""
    quoted = f"I/O error: {os.strerror(number)} (os error {number})"
    with pytest.raises(PixaceError, match=f"cannot write .*; {ADVICE[number][:8]}"), writing("a"):
        raise RuntimeError(quoted)


def test_every_reason_is_one_line_that_says_what_next():
    for number in ADVICE:
        said = reason(OSError(number, "as the system says it"))
        assert said
        assert "; " in said
        assert "\n" not in said
    assert reason(OSError("odd")) is None
    assert reason(OSError(errno.EPIPE, "a reader has gone")) is None


def test_real_names_that_cannot_be(tmp_path):
    (tmp_path / "loop").symlink_to("loop")
    for name, words in (("x" * 300, "too long"), ("a\0b", "null"), ("loop/x", "links|exists")):
        with (
            pytest.raises(PixaceError, match=f"cannot write .*{words}.*; "),
            whole(tmp_path / name) as draft,
        ):
            draft.write_text("")
        with pytest.raises(Exception) as caught:  # noqa: PT011  each its own
            (tmp_path / name).resolve().read_text()
        assert reason(caught.value), name


def test_the_home_folder_is_found_where_the_shell_has_not_done_so(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert expanded("~/a") == expanded(Path("~/a")) == tmp_path / "a"
    assert expanded("a/~/b") == Path("a/~/b")


def test_no_home_folder_is_said():
    with pytest.raises(PixaceError, match="there is no home folder to find ~nobody-here/a in"):
        expanded("~nobody-here/a")


def test_a_file_where_a_folder_should_be_is_explained(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(PixaceError, match="cannot write"), whole(tmp_path / "file" / "x") as draft:
        draft.write_text("")


def test_a_discarded_folder_is_gone_by_name_before_its_files_are(tmp_path, monkeypatch):
    """Who looks for it finds all of it or nothing; who reads in it may go on."""
    folder = tmp_path / "set"
    folder.mkdir()
    (folder / "rows").write_bytes(b"rows")
    met = []
    rmtree = shutil.rmtree

    def look(path):
        met.append((folder.exists(), [each.name for each in path.iterdir()]))
        rmtree(path)

    monkeypatch.setattr(shutil, "rmtree", look)
    with (folder / "rows").open("rb") as reader:
        discard(folder)
        assert reader.read() == b"rows"
    assert met == [(False, ["rows"])]
    assert list(tmp_path.iterdir()) == []
    discard(folder)  # another process was first
