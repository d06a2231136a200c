"""Pictures in memory: an array or a list of anything that is a picture, and what is none."""

import io
import pickle

import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image as Pillow

from pixace.errors import SourceError
from pixace.images import loader
from pixace.sources import Source, open_source


def shown(source):
    return np.stack([loader.load(source.read(i), None) for i in range(len(source))])


def pasted(rows):
    return np.repeat(np.asarray(rows)[..., None], 3, axis=-1)


@pytest.mark.parametrize("kind", [np.asarray, jnp.asarray], ids=["numpy", "jax"])
def test_an_array_is_its_rows(grey_rows, kind):
    source = open_source(kind(grey_rows))
    assert isinstance(source, Source)
    assert source.spec == "array (7, 4, 3)"
    assert source.record(2).name == "array (7, 4, 3)[2]"
    for each in (source, pickle.loads(pickle.dumps(source))):
        np.testing.assert_array_equal(shown(each), pasted(grey_rows))


def test_arrays_are_read_as_those_in_files(tmp_path, grey_rows):
    color = pasted(grey_rows) * np.array([1, 2, 3], np.uint8)
    for array in (grey_rows, color, np.moveaxis(color, 3, 1), color / 255, color[..., :1]):
        np.save(tmp_path / "a.npy", array)
        np.testing.assert_array_equal(
            shown(open_source(array)), shown(open_source(tmp_path / "a.npy"))
        )


def test_a_list_may_hold_any_kind_of_picture(tmp_path, grey_rows, png):
    path = tmp_path / "a.png"
    path.write_bytes(png(9))
    picture = Pillow.open(io.BytesIO(png(9)))
    every = [path, str(path), np.str_(path), png(9), picture, np.asarray(picture)]
    source = open_source([*every, jnp.asarray(picture), grey_rows[3]])
    assert source.spec == "list of 8 pictures"
    assert isinstance(source, Source)
    names = [source.record(i).name for i in range(8)]
    assert names == [str(path)] * 3 + [f"list[{i}]" for i in range(3, 8)]
    for each in (source, pickle.loads(pickle.dumps(source))):
        for i in range(7):
            np.testing.assert_array_equal(loader.load(each.read(i), None)[0, 0], [9, 18, 246])
        assert loader.load(each.read(7), None).shape == (4, 3, 3)


def test_other_rows_of_paths_are_lists_too(photos):
    paths = sorted(photos.rglob("*.png"))
    wanted = open_source(paths)
    for row in (tuple(paths), iter(paths), np.array(paths), np.array(list(map(str, paths)))):
        assert open_source(row).items == wanted.items
        assert open_source(wanted) is wanted


def test_files_have_the_captions_and_labels_that_a_folder_gives_them(photos, png):
    (photos / "cats" / "a.txt").write_text("a cat\n")
    (photos / "emoji_u1f408.png").write_bytes(png(1))
    names = ["b.png", "cats/a.png", "dogs/a.png", "emoji_u1f408.png"]
    folder = open_source(photos, labels=True)
    known = {folder.record(i).name: folder.record(i) for i in range(len(folder))}
    source = open_source([photos / name for name in names], labels=True)
    for i, name in enumerate(names):
        assert source.record(i).caption == known[name].caption
        if "/" in name:
            assert source.record(i).label == known[name].label
    assert source.record(3).group == known[names[3]].group
    assert open_source([photos / "cats/a.png"]).record(0).label is None


def marks(*every):
    return {open_source(each).fingerprint() for each in every}


def test_the_mark_of_an_array_is_its_contents(grey_rows):
    other = grey_rows.copy()
    other[3, 0, 0] += 1
    assert len(marks(grey_rows, grey_rows.copy(), grey_rows[::1])) == 1
    assert len(marks(grey_rows, other, grey_rows[:6], grey_rows[::-1], grey_rows[:, :2])) == 5
    assert len(marks(grey_rows, grey_rows.swapaxes(1, 2), grey_rows / 255)) == 3


def test_the_mark_of_a_list_is_its_contents(tmp_path, grey_rows, png):
    one, two = Pillow.open(io.BytesIO(png(1))), Pillow.open(io.BytesIO(png(2)))
    again = Pillow.open(io.BytesIO(png(1)))
    assert len(marks([one], [again], [one.copy()])) == 1
    clear = one.convert("P")
    clear.info["transparency"] = 0
    turned = one.copy()
    turned.getexif()[0x0112] = 6
    assert (
        len(marks([one], [two], [one, two], [two, one], [one.convert("P")], [clear], [turned])) == 7
    )
    assert len(marks([png(1)], [png(2)], [grey_rows[1]], [grey_rows[2]])) == 4
    path = tmp_path / "a.png"
    path.write_bytes(png(1))
    before = marks([path])
    assert marks([str(path)]) == before
    (tmp_path / "a.txt").write_text("a caption")
    assert marks([path]) != before


def test_a_picture_that_is_broken_has_a_mark_all_the_same(png):
    """Reading it will say what is wrong."""
    torn = Pillow.open(io.BytesIO(png(1)[:-30]))
    assert len(open_source([torn, "nothing.png", b""]).fingerprint()) == 64


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (np.zeros((0, 4, 4), np.uint8), r"array \(0, 4, 4\) holds no pictures"),
        (np.zeros((2, 0, 4), np.uint8), r"array \(2, 0, 4\) holds no pictures"),
        (np.zeros((4, 4), np.uint8), r"the array is uint8 \(4, 4\); pictures are \(N, H, W\)"),
        (np.zeros((2, 4, 4), np.int64), r"the array is int64 \(2, 4, 4\); pictures are \(N, H"),
        (np.zeros((2, 4, 4), bool), r"the array is bool"),
        (np.zeros((2, 5, 5, 5), np.uint8), r"the array is uint8 \(2, 5, 5, 5\)"),
        ([], "the list holds no pictures; give at least one"),
        ([b"x", None], r"list\[1\] is None and no picture; a list holds paths, bytes, arrays"),
        ([[[0, 1], [2, 3]]], r"list\[0\] is \[\[0, 1\], \[2, 3\]\] and no picture"),
        ([np.zeros((6, 6, 5), np.uint8)], r"list\[0\] is uint8 \(6, 6, 5\); a picture is"),
        ([np.zeros((4, 4), int)], r"list\[0\] is int64 \(4, 4\); a picture is \(H, W\) or"),
        ([np.zeros(4, np.uint8)], r"list\[0\] is uint8 \(4,\); a picture is"),
        (b"\x89PNG", r"b'\\x89PNG' is no source of pictures; give the name of one, an array"),
        ({"images": 1}, r"\{'images': 1\} is no source of pictures"),
        (3, "3 is no source of pictures"),
        (Pillow.new("L", (3, 3)), "PIL.*is no source of pictures; .* or a list of pictures"),
    ],
    ids=lambda it: type(it).__name__,
)
def test_what_is_no_picture_is_said_at_once(data, words):
    with pytest.raises(SourceError, match=words) as caught:
        open_source(data)
    assert "\n" not in str(caught.value)
