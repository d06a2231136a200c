"""Files are whole or absent."""

import errno

import pytest

from pixace.errors import PixaceError
from pixace.files import whole, writing


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
    [(errno.ENOSPC, "no space left on disk"), (errno.EROFS, "read-only file system; choose")],
)
def test_a_disk_that_refuses_is_explained_in_a_line(tmp_path, number, words):
    with (
        pytest.raises(PixaceError, match=f"^cannot write .*place: {words}"),
        writing(tmp_path / "place"),
    ):
        raise OSError(number, "as the system says it")


def test_other_failures_keep_their_traceback(tmp_path):
    with pytest.raises(OSError, match="odd"), writing(tmp_path):
        raise OSError(errno.EIO, "odd")


def test_a_file_where_a_folder_should_be_is_explained(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(PixaceError, match="cannot write"), whole(tmp_path / "file" / "x") as draft:
        draft.write_text("")
