"""Files are whole or absent."""

import errno
import os
import shutil
from pathlib import Path

import pytest

from pixace.errors import PixaceError
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
