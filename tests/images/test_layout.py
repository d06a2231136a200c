"""How large a collage gets, and what still fits: numbers alone."""

import pytest

from pixace.errors import ImageError
from pixace.images.layout import COMFORTABLE, MAX_SIDE, Layout, arranged, pages


def fits(layout):
    return max(layout.extent) <= MAX_SIDE


@pytest.mark.parametrize("size", [(4, 4), (32, 32), (24, 32), (256, 256), (1, 500)], ids=str)
@pytest.mark.parametrize("count", [1, 7, 64, 200])
@pytest.mark.parametrize("columns", [None, 6])
def test_by_itself_a_collage_is_comfortable_or_as_large_as_fits(size, count, columns):
    layout = arranged(count, size, columns=columns)
    assert fits(layout)
    assert layout.rows * layout.columns >= count > (layout.rows - 1) * layout.columns
    comfortable = max(1, round(COMFORTABLE / (layout.columns * size[1])))
    larger = Layout(layout.columns, layout.rows, size, layout.scale + 1)
    assert layout.scale == comfortable or not fits(larger)
    assert layout.scale <= comfortable


def test_long_columns_get_a_smaller_scale():
    """120 photos of 32x32 and four completions of each would be 16,312 high at scale 4."""
    assert arranged(36, (32, 32), columns=6).scale == 4
    assert arranged(120 * 6, (32, 32), columns=6).scale == 2
    assert arranged(290 * 6, (32, 32), columns=6).scale == 1


def test_a_scale_that_is_too_large_is_answered_with_the_largest_that_fits():
    with pytest.raises(ImageError, match=r"of 808x16312 pixels is too large; .* --scale 2, or"):
        arranged(120 * 6, (32, 32), columns=6, scale=4)
    assert fits(arranged(120 * 6, (32, 32), columns=6, scale=2))
    assert not fits(Layout(6, 120, (32, 32), 3))


def test_what_fits_at_no_scale_is_answered_with_how_much_does():
    said = r"31,623 columns and 31,623 rows is too large; of 32x32 pixels 294 columns and 294 rows"
    with pytest.raises(ImageError, match=said):
        arranged(10**9, (32, 32))
    assert fits(arranged(294 * 294, (32, 32), columns=294))
    with pytest.raises(ImageError, match="too large"):
        arranged(295 * 294, (32, 32), columns=295)


@pytest.mark.parametrize("rows", [1, 294, 295, 588, 589, 1000])
def test_rows_go_on_as_few_pages_as_can_be_about_equally_many_on_each(rows):
    parts = pages(rows, 6, (32, 32))
    assert [row for part in parts for row in range(rows)[part]] == list(range(rows))
    assert len(parts) == -(-rows // 294)
    lengths = [len(range(rows)[part]) for part in parts]
    assert max(lengths) <= 294
    assert max(lengths) - min(lengths) < len(parts)


def test_pages_are_for_rows_not_for_columns_or_scales():
    with pytest.raises(ImageError, match=r"502 columns and 1 rows is too large.*: fewer samples"):
        pages(1, 502, (32, 32), instead="fewer samples")
    with pytest.raises(ImageError, match="choose --scale 1"):
        pages(1000, 6, (32, 32), scale=2)
    assert len(pages(1000, 6, (32, 32), scale=1)) == 4
