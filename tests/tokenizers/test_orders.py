"""Orders: permutations of the grid, and clear words about those that do not fit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixace.errors import TokenError
from pixace.tokenizers import orders

SIDES = st.integers(1, 12)
ANY = st.integers(1, 48)  # of a grid that need not be a multiple of anything
STEADY = ("snake", "spiral", "spiral:out", "hilbert")  # from neighbour to neighbour


@given(SIDES, SIDES, SIDES)
def test_every_order_visits_each_pixel_once(rows, columns, side):
    grid = (rows * side, columns * side)
    for spec in ("raster", "column", f"patch:{side}"):
        path = orders.by_spec(spec, grid)
        assert path.dtype == np.int32
        np.testing.assert_array_equal(np.sort(path), np.arange(grid[0] * grid[1]))


@given(ANY, ANY)
def test_the_newer_orders_fit_every_size(height, width):
    for spec in (*STEADY, "zcurve"):
        path = orders.by_spec(spec, (height, width))
        assert path.dtype == np.int32
        np.testing.assert_array_equal(np.sort(path), np.arange(height * width))


@given(ANY, ANY)
def test_some_orders_only_step_to_neighbours(height, width):
    for spec in STEADY:
        rows, columns = np.divmod(orders.by_spec(spec, (height, width)), width)
        steps = np.abs(np.diff(rows)) + np.abs(np.diff(columns))
        assert (steps == 1).all(), spec


@pytest.mark.parametrize("spec", ["hilbert", "zcurve"])
@pytest.mark.parametrize("side", [2, 4, 8, 32])
def test_a_curve_finishes_each_quarter_before_the_next(spec, side):
    rows, columns = np.divmod(orders.by_spec(spec, (side, side)), side)
    for part in 2 ** np.arange(1, side.bit_length()):
        quarter = rows // part * side + columns // part
        assert (np.diff(quarter.reshape(-1, part * part), axis=1) == 0).all()


def test_hilbert_goes_along_an_even_side_where_there_is_one():
    for grid, end in (((4, 4), (0, 3)), ((4, 7), (3, 0)), ((7, 4), (0, 3)), ((3, 5), (0, 4))):
        path = orders.by_spec("hilbert", grid)
        assert (path[0], divmod(path[-1], grid[1])) == (0, end)


def test_snake_turns_at_each_end():
    assert orders.by_spec("snake", (3, 3)).tolist() == [0, 1, 2, 5, 4, 3, 6, 7, 8]


def test_spiral_winds_clockwise_to_the_centre_and_out_again():
    winding = [0, 1, 2, 3, 7, 11, 10, 9, 8, 4, 5, 6]
    assert orders.by_spec("spiral", (3, 4)).tolist() == winding
    assert orders.by_spec("spiral:out", (3, 4)).tolist() == winding[::-1]


def test_zcurve_writes_a_z_and_then_a_larger_one():
    z = [0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15]
    assert orders.by_spec("zcurve", (4, 4)).tolist() == z
    assert orders.by_spec("zcurve", (2, 3)).tolist() == [0, 1, 3, 4, 2, 5]


def test_raster_goes_row_by_row():
    assert orders.by_spec("raster", (2, 3)).tolist() == [0, 1, 2, 3, 4, 5]


def test_column_goes_column_by_column():
    assert orders.by_spec("column", (2, 3)).tolist() == [0, 3, 1, 4, 2, 5]


def test_patch_finishes_a_patch_before_the_next():
    path = orders.by_spec("patch:2", (4, 4))
    assert path.tolist() == [0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15]


def test_patches_of_one_pixel_are_the_raster():
    np.testing.assert_array_equal(orders.by_spec("patch:1", (3, 5)), np.arange(15))


@given(SIDES, SIDES, SIDES)
def test_axes_say_which_positions_lie_in_one_row_column_or_patch(rows, columns, side):
    height, width = rows * side, columns * side
    for spec, place in (
        ("raster", lambda y, x: y),
        ("column", lambda y, x: x),
        (f"patch:{side}", lambda y, x: (y // side) * columns + x // side),
    ):
        slow, fast = orders.axes(spec, (height, width))
        path = orders.by_spec(spec, (height, width))
        found = place(path // width, path % width)
        np.testing.assert_array_equal(found, np.repeat(np.arange(slow), fast))


@given(ANY, ANY)
def test_axes_always_count_every_position(height, width):
    for spec in (*STEADY, "zcurve"):
        slow, fast = orders.axes(spec, (height, width))
        assert slow * fast == height * width


@pytest.mark.parametrize(("spec", "side"), [("zcurve", 32), ("zcurve", 28), ("hilbert", 32)])
def test_axes_of_a_curve_are_areas(spec, side):
    slow, fast = orders.axes(spec, (side, side))
    assert fast == 16
    rows, columns = np.divmod(orders.by_spec(spec, (side, side)), side)
    area = rows // 4 * side + columns // 4
    assert (np.diff(area.reshape(slow, fast), axis=1) == 0).all()


@pytest.mark.parametrize("grid", [(32, 30), (30, 32)])
def test_a_size_that_is_no_multiple_of_the_patch_is_refused(grid):
    words = f"patches of 4x4 do not fill {grid[1]}x{grid[0]} pixels; .* multiple of 4"
    with pytest.raises(TokenError, match=words):
        orders.by_spec("patch:4", grid)


@pytest.mark.parametrize("spec", ["patch", "patch:", "patch:0", "patch:-1", "patch:x", "patch:²"])
def test_a_patch_without_a_side_is_refused(spec):
    with pytest.raises(TokenError, match="such as patch:4"):
        orders.by_spec(spec, (4, 4))


@pytest.mark.parametrize("spec", ["rastre", "raster:2", ""])
def test_an_unknown_order_is_named(spec):
    known = "column, hilbert, patch:n, raster, snake, spiral, spiral:out, zcurve"
    with pytest.raises(TokenError, match=f"no order '{spec}'; known: {known}"):
        orders.by_spec(spec, (4, 4))
