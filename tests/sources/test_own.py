"""What pixace itself wrote, and what systems left behind, are none of the user's pictures."""

import json

import numpy as np
import pytest

from pixace.errors import ImageError, SourceError
from pixace.images.gif import save_gif
from pixace.images.marks import is_marked
from pixace.images.png import save_png
from pixace.sources import open_source, own

PICTURE = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)


def names(where):
    source = open_source(where)
    return [source.record(i).name for i in range(len(source))]


@pytest.fixture
def written(photos):
    """The folder of photos, with pictures that pixace wrote among them."""
    save_png(photos / "collage.png", PICTURE, {"command": "generate"})
    save_png(photos / "palette.png", PICTURE)
    save_png(photos / "cats" / "mine.PNG", PICTURE[:, :, 0] % 4, palette=PICTURE[0])
    save_gif(photos / "film.gif", [PICTURE, PICTURE + 1])
    for number in range(3):
        save_png(photos / "each" / f"000{number}.png", PICTURE, {"picture": number})
    return photos


def test_every_picture_that_is_written_has_a_mark(written, png, tmp_path):
    made = ["collage.png", "palette.png", "cats/mine.PNG", "film.gif", "each/0001.png"]
    assert all(is_marked(written / name) for name in made)
    assert not is_marked(written / "b.png")
    assert not is_marked(written / "gone.png")


def test_own_pictures_are_left_out(written):
    assert names(written) == ["b.png", "cats/a.png", "cats/deep/a.png", "dogs/a.png"]


def test_the_fingerprint_is_that_of_the_others(written):
    after = open_source(written).fingerprint()
    for name in ("collage.png", "palette.png", "cats/mine.PNG", "film.gif"):
        (written / name).unlink()
    assert open_source(written).fingerprint() == after


def test_a_folder_of_nothing_else_is_what_is_meant(written):
    assert names(written / "each") == ["0000.png", "0001.png", "0002.png"]
    source = open_source(written / "each")
    assert source.read(0) == written / "each" / "0000.png"


def test_among_very_many_those_with_other_names_are_told_when_they_are_read(written, monkeypatch):
    monkeypatch.setattr(own, "MANY", 3)
    source = open_source(written)
    found = [source.record(i).name for i in range(len(source))]
    assert found == ["b.png", "cats/a.png", "cats/deep/a.png", "cats/mine.PNG", "dogs/a.png"]
    with pytest.raises(ImageError, match=r"^cats/mine\.PNG: written by pixace itself"):
        source.read(3)
    assert source.read(0) == written / "b.png"


def test_runs_are_not_entered(photos, png):
    for run, told in (("runs/one", {"tokenizer": "pixel"}), ("cats/camera", {"date": "today"})):
        (photos / run / "samples").mkdir(parents=True)
        (photos / run / "run.json").write_text(json.dumps(told))
        (photos / run / "samples" / "1.png").write_bytes(png(1))
    assert "runs/one/samples/1.png" not in names(photos)
    assert "cats/camera/samples/1.png" in names(photos)
    assert names(photos / "runs" / "one") == ["samples/1.png"]


@pytest.mark.parametrize(
    "name",
    [
        *("@eaDir/b.png/SYNOPHOTO_THUMB_M.jpg", "SYNOPHOTO_THUMB_XL.jpg", ".@__thumb/s800b.jpg"),
        *("__MACOSX/._b.jpg", "._b.png", ".thumbnails/b.png", "Thumbs.db", "desktop.ini"),
        *(
            "#recycle/b.png",
            "@Recycle/b.png",
            "$RECYCLE.BIN/S-1/$R1.png",
            "Icon\r",
            "ZbThumbnail.info",
        ),
        *("my Previews.lrdata/1.jpg", ".picasaoriginals/b.png", "mlruns/0/1/artifacts/a.png"),
        *("b.cls", "b.json", "b.cap", "b.caption", "b.xmp", "b.AAE", "b.TXT", "b.csv", "b.THM"),
    ],
)
def test_what_lies_beside_pictures_is_not_tried(photos, png, name):
    before = names(photos)
    (photos / name).parent.mkdir(parents=True, exist_ok=True)
    (photos / name).write_bytes(png(1))
    assert names(photos) == before


@pytest.mark.parametrize("name", ["a.svg", "a.HEIC", "a.jxl", "a.dng", "a.NEF", "a.aseprite"])
def test_pictures_of_kinds_that_are_not_read_are_counted(photos, name):
    (photos / name).write_bytes(b"something")
    assert name in names(photos)


def test_a_folder_of_runs_alone_holds_no_pictures(tmp_path, png):
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "run.json").write_text('{"tokenizer": "pixel"}')
    (tmp_path / "one" / "a.png").write_bytes(png(1))
    with pytest.raises(SourceError, match="holds no pictures"):
        open_source(tmp_path)
