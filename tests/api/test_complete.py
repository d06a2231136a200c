"""Photos that a model finishes: what a row shows, and what is refused before anything is drawn."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

import pixace
from pixace.errors import ImageError, PixaceError
from pixace.evaluation.likelihood import costs_of_tokens

pytestmark = pytest.mark.usefixtures("here")


@pytest.fixture
def photo(here):
    """Dark on the left, light on the right."""
    pixels = np.repeat(np.linspace(0, 255, 40).astype(np.uint8)[None], 40, axis=0)
    Pillow.fromarray(pixels).save(here / "photo.png")
    return here / "photo.png"


def pixels(path):
    with Pillow.open(path) as picture:
        return np.asarray(picture.convert("RGB"))


def names(folder):
    return sorted(path.name for path in Path(folder).iterdir())


def test_complete_again_gives_the_same_bytes(photo):
    pixace.complete([photo], "one.png", cut=5, temperature=[0, 1.5], samples=2, seed=3, scale=9)
    pixace.again("one.png", "two.png")
    assert Path("one.png").read_bytes() == Path("two.png").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"out": "collage.jpg"}, r"must end in \.png"),
        ({"cut": "half"}, "cannot cut at 'half'"),
        ({"cut": 17}, "cannot cut at '17'"),
        ({"cut": "-9%"}, "cannot cut at '-9%'"),
        ({"temperature": []}, "no temperature"),
        ({"temperature": [1, -1]}, "temperature is -1"),
        ({"samples": 0}, "at least one temperature and one sample"),
        ({"samples": 5000}, "too large"),
        ({"photos": []}, "none was named"),
        ({"photos": ["."]}, r"is a folder; name the pictures"),
        ({"photos": ["nothing.jpg"]}, r"no photo to complete: nothing\.jpg: no such file"),
    ],
    ids=str,
)
def test_complete_refuses_before_anything_is_drawn(here, photo, monkeypatch, arguments, words):
    monkeypatch.setattr(pixace.sampling.token_sampler.TokenSampler, "finish", None)
    with pytest.raises(PixaceError, match=words):
        pixace.complete(**{"photos": [photo], **arguments})
    assert names(here) == ["photo.png"]


@pytest.mark.parametrize(("cut", "kept"), [("50%", 8), (5, 5), ("5", 5), ("0", 0), ("100%", 16)])
def test_a_row_shows_the_photo_what_was_kept_and_a_column_for_each_temperature_and_sample(
    photo, model, cut, kept
):
    """The grid is found again by its geometry: 4x4 pixels, 10 times enlarged, a gutter of 2."""
    pixace.complete([photo], cut=cut, temperature=[0.0, 1.0, 2.0], samples=2, scale=10)
    sheet = pixels("completions.png")
    left = sheet.shape[1] - 12 - 8 * 42 + 2
    top = sheet.shape[0] - 12 - 40
    cells = [sheet[top : top + 40 : 10, left + 42 * i : left + 42 * i + 40 : 10] for i in range(8)]
    np.testing.assert_array_equal(cells[0], model.complete(str(photo)).photos[0])
    flat = [cell.reshape(16, 3) for cell in cells]
    np.testing.assert_array_equal(flat[1][:kept], flat[0][:kept])
    assert (flat[1][kept:] == flat[1][-1]).all()
    for cell in flat[2:]:
        np.testing.assert_array_equal(cell[:kept], flat[0][:kept])
    np.testing.assert_array_equal(flat[2], flat[3], err_msg="no chance at temperature 0")


def test_bad_photos_are_named_counted_and_skipped(here, photo):
    (here / "torn.png").write_bytes(photo.read_bytes()[:60])
    facts = pixace.complete([photo, "torn.png", "none.jpg", here], samples=1).as_dict()
    assert facts["photos"] == [str(photo)]
    assert [line.partition(":")[0] for line in facts["skipped"][:2]] == ["torn.png", "none.jpg"]
    assert "is a folder" in facts["skipped"][2]
    with pytest.raises(ImageError, match=r"torn\.png"):
        pixace.complete([photo, "torn.png"], "strict.png", strict=True)
    assert not Path("strict.png").exists()


def test_a_photo_comes_upright_as_its_exif_says(photo, model):
    exif = Pillow.Exif()
    exif[0x0112] = 6  # to be turned clockwise by 90 degrees
    with Pillow.open(photo) as picture:
        picture.transpose(Pillow.Transpose.ROTATE_90).save("turned.jpg", exif=exif, quality=95)
    upright = model.complete(["turned.jpg", photo], samples=1).photos
    assert np.abs(upright[0].astype(int) - upright[1]).max() <= 85, "one of 4 greys at most"
    columns = upright[0].mean(axis=(0, 2))
    assert columns[0] < columns[-1]


def test_completions_are_pasted_into_their_photos(here, photo):
    """The upper half is the photo's own, each sample's lower half its own; PNGs say how."""
    pixace.complete([photo], "one.png", samples=2, temperature=[1, 9.0], paste="own", scale=1)
    assert names(here / "own") == ["0000.png", "0001.png", "0002.png", "0003.png"]
    found = [pixels(here / "own" / name) for name in names(here / "own")]
    assert {each.shape for each in found} == {(40, 40, 3)}
    for each in found:
        np.testing.assert_array_equal(each[:15], pixels(photo)[:15])
    assert len({each.tobytes() for each in found}) > 1
    pixace.again("own/0003.png", "two.png")
    assert Path("one.png").read_bytes() == Path("two.png").read_bytes()


def test_completions_are_shown_with_what_their_pixels_cost(here, photo, model):
    """The bits of a map sum up to those of the picture; the likeliest one costs least."""
    pixace.complete([photo], samples=2, temperature=[0, 9.0], collage=False, maps="maps.png")
    with Pillow.open("maps.png") as maps:
        assert maps.width > 4 * 4
        assert maps.height > maps.width // 4
    sampler = model.sampler
    rows = sampler.tokenizer.encode(
        model.complete([photo], samples=1, temperature=0).finished[0, 0]
    )
    likely = costs_of_tokens(sampler.model, sampler.weights, sampler.tokenizer, rows)
    others = costs_of_tokens(sampler.model, sampler.weights, sampler.tokenizer, 7 - rows)
    assert likely.shape == (1, 16)
    assert likely[:, 8:].sum() < others[:, 8:].sum()


def test_maps_and_collage_are_two_files(photo):
    with pytest.raises(PixaceError, match="name two files"):
        pixace.complete([photo], "one.png", maps="./one.png")
    with pytest.raises(PixaceError, match=r"must end in \.png"):
        pixace.complete([photo], maps="maps.jpg")


def test_single_pictures_of_both_kinds_go_to_different_folders(photo):
    with pytest.raises(PixaceError, match="name two folders"):
        pixace.complete([photo], each="own", paste="./own")
    Path("own").mkdir()
    Path("own/0000.png").touch()
    with pytest.raises(PixaceError, match="has numbered pictures already"):
        pixace.complete([photo], paste="own")
