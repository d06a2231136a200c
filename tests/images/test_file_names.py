"""Names of pictures as names of files: none leads out, no two are the same."""

from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixace.images.file_names import LONGEST, file_names


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("a.png", "a.png"),
        ("cats/1.JPEG", "cats/1.png"),
        ("stripes.npy[3]", "stripes.npy[3].png"),
        ("sheet.png[3,1]", "sheet.png[3,1].png"),
        ("v1.2", "v1.2.png"),
        ("Mädchen 👩‍🚀.webp", "Mädchen 👩‍🚀.png"),
        ("../../x", "x.png"),
        ("/etc/passwd", "etc/passwd.png"),
        ("a/../../b/./c.png", "a/b/c.png"),
        ("C:\\Windows\\x", "C__Windows_x.png"),
        ("a\0b\n\x1b[31m.png", "a_b__[31m.png"),
        ("", "_.png"),
        ("..", "_.png"),
        ("a/", "a/_.png"),
        (".png", "_.png"),
        ("x" * 300 + ".png", "x" * LONGEST + ".png"),
        ("ä" * 300, "ä" * (LONGEST // 2) + ".png"),
        ("1/2/3/4/5/6/7/8/9/10/x", "3/4/5/6/7/8/9/10/x.png"),
        ("\ud800", "_.png"),
    ],
)
def test_names_that_are_known(name, path):
    assert [str(each) for each in file_names([name])] == [path]


def test_no_two_are_the_same_whatever_the_case():
    found = file_names(["a.png", "a.jpg", "A.gif", "a-2", "b", "b.png/c", "B.PNG/c.jpg"])
    assert [str(each) for each in found] == [
        *("a.png", "a-2.png", "A-3.png", "a-2-2.png"),
        *("b-2.png", "b.png/c.png", "B.PNG/c-2.png"),
    ]


def test_a_folder_is_never_where_a_file_is():
    found = file_names(["a", "a.png[0]/b"])
    assert [str(each) for each in found] == ["a.png", "a.png[0]/b.png"]
    found = file_names(["a", "a.png/b/c", "a.png/d"])
    assert [str(each) for each in found] == ["a-2.png", "a.png/b/c.png", "a.png/d.png"]


PIECES = st.sampled_from(["a", "A", "b", "..", ".", "", "a.png", "\\", " ", "\0", "-2", "ß"])
HOSTILE = st.lists(PIECES, min_size=1, max_size=5).map("/".join) | st.text(max_size=30)


@given(st.lists(HOSTILE, max_size=12))
def test_whatever_they_are_called_they_stay_inside_and_apart(names):
    found = file_names(names)
    assert len(found) == len(names) == len({str(each).lower() for each in found})
    folders = {str(parent).lower() for each in found for parent in each.parents}
    for path in found:
        assert isinstance(path, PurePosixPath)
        assert not path.is_absolute()
        assert not {"..", "."} & {*path.parts}
        assert path.suffix == ".png"
        assert str(path).lower() not in folders
