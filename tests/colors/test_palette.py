"""Palettes: exactly nearest, earliest on a tie, self-contained, and clear about bad files."""

import numpy as np
import pytest

from pixace import colors
from pixace.colors import palette
from pixace.errors import TokenError


def hexed(table):
    return "palette:" + ",".join("{:02x}{:02x}{:02x}".format(*row) for row in table.tolist())


@pytest.mark.parametrize("count", [1, 2, 16, 512])
def test_each_pixel_takes_the_nearest_colour_and_the_earliest_of_equals(rng, count):
    table = rng.integers(0, 256, (count, 3), dtype=np.uint8)
    pixels = rng.integers(0, 256, (7, 31, 3), dtype=np.uint8)
    apart = ((pixels[..., None, :].astype(int) - table) ** 2).sum(axis=-1)
    ids = colors.by_spec(hexed(table)).encode(pixels)
    np.testing.assert_array_equal(ids, apart.argmin(axis=-1))  # argmin takes the first


def test_equally_near_colours_go_to_the_earlier():
    pixel = np.array([[10, 10, 10]], np.uint8)
    assert colors.by_spec("palette:0a0a0c,0a0c0a,0c0a0a,080a0a").encode(pixel) == 0
    assert colors.by_spec("palette:ffffff,080a0a,0a0c0a").encode(pixel) == 1


def test_answers_are_the_same_the_second_time(rng):
    scheme = colors.by_spec(hexed(rng.integers(0, 256, (64, 3), dtype=np.uint8)))
    pixels = rng.integers(0, 256, (500, 3), dtype=np.uint8)
    np.testing.assert_array_equal(scheme.encode(pixels), scheme.encode(pixels))


def test_a_colour_that_comes_twice_has_one_canonical_id():
    scheme = colors.by_spec("palette:000000,ff0000,000000,FF0000,0000ff")
    assert scheme.canonical.tolist() == [True, True, False, False, True]
    assert scheme.encode(scheme.decode(np.arange(5))).tolist() == [0, 1, 0, 1, 4]


@pytest.mark.parametrize("values", ["bytes", "0..1", "-1..1"])
def test_files_in_three_ranges_give_the_same_colours(rng, tmp_path, values):
    table = rng.integers(0, 256, (20, 3), dtype=np.uint8)
    table[0], table[1] = 0, 255
    written = {"bytes": table, "0..1": table / 255, "-1..1": table / 127.5 - 1}[values]
    np.save(tmp_path / "colours.npy", written)
    scheme = colors.by_spec(f"palette:{tmp_path / 'colours.npy'}")
    np.testing.assert_array_equal(scheme.decode(np.arange(20)), table)
    assert scheme.spec == hexed(table)


def test_one_column_means_greys(tmp_path):
    np.save(tmp_path / "greys.npy", np.array([[0.0], [0.5], [1.0]], np.float32))
    assert colors.by_spec(f"palette:{tmp_path}/greys.npy").spec == "palette:000000,808080,ffffff"


@pytest.mark.parametrize(
    "table",
    [
        np.zeros((0, 3)),
        np.zeros((4, 2)),
        np.zeros(12),
        np.full((2, 3), np.nan),
        np.full((2, 3), 256.0),
        np.array([[-2.0, 0, 1]]),
        np.array([["red", "green", "blue"]]),
    ],
    ids=["empty", "two columns", "flat", "not numbers", "too bright", "too dark", "text"],
)
def test_a_file_that_is_no_palette_is_refused(tmp_path, table):
    np.save(tmp_path / "bad.npy", table)
    with pytest.raises(TokenError) as why:
        colors.by_spec(f"palette:{tmp_path / 'bad.npy'}")
    assert "palette" in str(why.value)
    assert "\n" not in str(why.value)


@pytest.mark.parametrize("content", [None, b"", b"not numpy", b"\x93NUMPY\x01\x00"])
def test_an_unreadable_file_is_named(tmp_path, content):
    path = tmp_path / "bad.npy"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(TokenError, match=r"cannot read the palette .*bad\.npy"):
        colors.by_spec(f"palette:{path}")


def test_no_pickle_is_loaded(tmp_path):
    np.save(tmp_path / "bad.npy", np.array([{"a": 1}], object), allow_pickle=True)
    with pytest.raises(TokenError, match="cannot read the palette"):
        colors.by_spec(f"palette:{tmp_path / 'bad.npy'}")


@pytest.mark.parametrize(
    ("table", "taken"),
    [
        (np.array([[-1.0], [1.0]]), "-1..1"),
        (np.array([[0.0], [1.0]]), "0..1"),
        (np.array([[0.0005], [0.9924]], np.float32), "0..1"),
        (np.array([[0], [200]], np.uint8), "0..255"),
    ],
)
def test_the_range_is_recognised_and_can_be_said(tmp_path, table, taken):
    np.save(tmp_path / "p.npy", table)
    assert palette.read(tmp_path / "p.npy")[1] == taken


def test_one_colour_may_stand_for_transparency():
    scheme = colors.by_spec("palette:000000,FFFFFF00,ff0000")
    assert scheme.transparent == 1
    assert colors.by_spec("palette:000000,ff0000").transparent is None
    assert scheme.decode(np.arange(3)).tolist() == [[0, 0, 0], [255, 255, 255], [255, 0, 0]]
    np.testing.assert_array_equal(scheme.encode(scheme.table), [0, 1, 2])
    assert colors.by_spec(scheme.spec) == scheme


@pytest.mark.parametrize("spec", ["000000,ffffff00,ff000000", "ffffff,ffffff00", "ffffff80"])
def test_other_kinds_of_transparency_are_refused(spec):
    with pytest.raises(TokenError, match="is no colour scheme"):
        colors.by_spec(f"palette:{spec}")
