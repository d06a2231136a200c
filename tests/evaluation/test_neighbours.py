"""Nearest training pictures: what is a copy is found, as it lies, and nothing else is one."""

import numpy as np
import pytest
from PIL import Image as Pillow

import pixace
from pixace.evaluation.neighbours import CLOSE, nearest
from pixace.evaluation.novelty import Judge

SIZE = (12, 9)


def blurs(count, seed):
    """Pictures of soft spots."""
    spots = np.random.default_rng(seed).integers(0, 256, (count, 4, 3, 3), np.uint8)
    size, way = SIZE[::-1], Pillow.Resampling.BICUBIC
    return np.stack([np.asarray(Pillow.fromarray(each).resize(size, way)) for each in spots])


@pytest.fixture(scope="module")
def tokens(tmp_path_factory):
    """300 pictures, 100 of them held out."""
    folder = tmp_path_factory.mktemp("blurs")
    np.save(folder / "blurs.npy", blurs(300, 0))
    return pixace.tokenize(
        folder / "blurs.npy",
        folder / "set",
        size="9x12",
        colors="rgb:3,3,2",
        validation_fraction=1 / 3,
    )


def learned(tokens, rows):
    return tokens.tokenizer.decode(tokens.split("train").rows(rows))


def test_copies_are_found_upright_mirrored_and_shifted(tokens):
    rows = np.array([0, 50, 179, 7, 8])
    copies = learned(tokens, rows)
    copies[1] = copies[1, :, ::-1]
    copies[2] = np.roll(copies[2], (1, -1), (0, 1))
    copies[3] = np.roll(copies[3, :, ::-1], (-1, 0), (0, 1))
    copies[4, 3, 4] ^= 255
    found = nearest(copies, tokens)
    np.testing.assert_array_equal(found.rows, rows)
    np.testing.assert_array_equal(found.mirrored, [False, True, False, True, False])
    np.testing.assert_allclose(found.distances[:4], 0)
    np.testing.assert_allclose(found.alike[:4], 1)
    assert 0 < found.distances[4] < 30
    assert found.alike[4] == pytest.approx(1 - 1 / 108)
    np.testing.assert_array_equal(found.pictures(tokens)[1], copies[1])


def test_the_nearest_of_few_is_that_of_all_pairs(tokens, tmp_path):
    """Where all are looked at in full, by the definition, unrolled."""
    few = tmp_path / "few.npy"
    np.save(few, blurs(CLOSE // 2, 1))
    data = pixace.tokenize(few, tmp_path / "set", size="9x12", colors="rgb:3,3,2")
    others = learned(data, np.arange(len(data.split("train")))).astype(float)
    mine = learned(tokens, np.arange(10))
    found = nearest(mine, data)
    for picture, row, distance in zip(mine.astype(float), found.rows, found.distances, strict=True):
        padded = np.pad(picture, ((1, 1), (1, 1), (0, 0)), constant_values=np.nan)
        wanted = {
            (number, mirrored, y, x): np.nanmean(
                np.square(padded[y : y + SIZE[0], x : x + SIZE[1]] - turned)
            )
            for number, other in enumerate(others)
            for mirrored, turned in enumerate((other, other[:, ::-1]))
            for y in range(3)
            for x in range(3)
        }
        best = min(wanted, key=wanted.__getitem__)
        assert row == best[0]
        assert distance == pytest.approx(wanted[best] ** 0.5, rel=1e-5)


def test_who_draws_anew_is_not_taken_for_a_copier_and_a_copier_is(tokens):
    judge = Judge.of(tokens)
    assert len(judge.held_out.rows) == 100
    fresh = tokens.tokenizer.decode(tokens.tokenizer.encode(blurs(50, 2)))
    found = judge.neighbours(fresh)
    novelty = judge.novelty(found)
    assert novelty.copies <= 2
    assert novelty.near == judge.held_out.relative.min()
    assert novelty.distance == pytest.approx(novelty.held_out, rel=0.1)
    fresh[:7] = learned(tokens, np.arange(7))
    found = judge.neighbours(fresh)
    assert judge.copies(found)[:7].all()
    assert judge.novelty(found).copies == novelty.copies + 7
    assert f"; {novelty.copies + 7} of 50 are copies" in str(judge.novelty(found))


def test_a_plain_picture_is_near_to_many_and_no_copy(tmp_path):
    """Pale spots are near to all other pale ones; those of full colour are far from each other."""
    pictures = np.concatenate([112 + blurs(60, 5) // 8, blurs(60, 6)])
    np.save(tmp_path / "some.npy", pictures)
    data = pixace.tokenize(tmp_path / "some.npy", tmp_path / "set", size="9x12", colors="rgb:5,5,5")
    judge = Judge.of(data)
    drawn = np.concatenate([112 + blurs(1, 7) // 8, learned(data, [100])])
    found = judge.neighbours(drawn)
    assert found.distances[0] < 0.5 * judge.held_out.distances.max()
    np.testing.assert_array_equal(judge.copies(found), [False, True])


def test_where_nothing_is_held_out_nothing_is_called_a_copy(tmp_path):
    np.save(tmp_path / "few.npy", blurs(9, 3))
    data = pixace.tokenize(
        tmp_path / "few.npy",
        tmp_path / "set",
        size="9x12",
        colors="rgb:3,3,2",
        validation_fraction=0,
    )
    judge = Judge.of(data)
    found = judge.neighbours(learned(data, np.arange(2)))
    assert not judge.copies(found).any()
    assert (judge.novelty(found).copies, judge.novelty(found).near) == (None, None)
    assert str(judge.novelty(found)) == "0.0 from the nearest training picture; none is held out"


def test_the_figure_shows_each_above_its_neighbour_the_nearest_first(tokens):
    judge = Judge.of(tokens)
    drawn = tokens.tokenizer.decode(tokens.tokenizer.encode(blurs(17, 4)))
    drawn[5] = learned(tokens, [3])[0]
    found = judge.neighbours(drawn)
    picture = judge.figure(drawn, found)
    assert np.flatnonzero(judge.copies(found)) == [5]
    frame = (picture == (230, 0, 60)).all(-1)
    assert frame.any()
    wide = picture.shape[1]
    assert not frame[:, wide // 4 :].any()  # the copy alone, and it stands at the left
    # 16 pairs in the first two rows, and one more below.
    cells = (picture != 255).any(-1)
    assert cells[:, wide // 2 :].any(1).sum() < cells[:, : wide // 2].any(1).sum()
