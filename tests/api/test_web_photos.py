"""Photos named by their addresses on the web: finished like files, and once more."""

import hashlib
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow
from web_server import redirect, serving

import pixace
from pixace.errors import ImageError
from pixace.images.png import read_description

pytestmark = pytest.mark.usefixtures("here")


def png(level):
    file = io.BytesIO()
    Pillow.fromarray(np.full((40, 40, 3), level, np.uint8)).save(file, "png")
    return file.getvalue()


@pytest.fixture
def server():
    pages = {"/dark.png": png(20), "/light": redirect("/light.png"), "/light.png": png(220)}
    with serving(pages | {"/page": b"<html>"}) as serving_them:
        yield serving_them


def test_addresses_are_finished_beside_files_and_bad_ones_are_skipped(server):
    Path("file.png").write_bytes(png(20))
    addresses = [f"{server.url}/{name}" for name in ("light", "gone.png", "page")]
    done = pixace.complete(["file.png", *addresses], "one.png", allow_private=True, samples=1)
    assert done.photos.photos == [str(Path("file.png").absolute()), addresses[0]]
    assert done.photos.sha256[1] == hashlib.sha256(png(220)).hexdigest()
    gone, page = done.skipped
    assert gone == f"{addresses[1]}: the server says 404 Not Found"
    assert page.startswith(f"{addresses[2]}: not a picture")


def test_a_photo_from_the_web_is_asked_for_once_more_only_by_who_names_it(server):
    address = f"{server.url}/dark.png"
    pixace.complete(address, "one.png", allow_private=True)
    assert read_description(Path("one.png"))["photos"] == [address]
    asked = len(server.asked)
    with pytest.raises(ImageError, match=f"not opened; name the photos: .* {address} … --again"):
        pixace.again("one.png", "two.png", allow_private=True)
    assert len(server.asked) == asked
    pixace.again("one.png", "two.png", photos=[address], allow_private=True)
    assert Path("one.png").read_bytes() == Path("two.png").read_bytes()


def test_this_machine_is_not_asked_unless_it_is_said(server):
    with pytest.raises(ImageError, match=r"no photo to complete: .*add --allow-private"):
        pixace.complete(f"{server.url}/dark.png")
    assert server.asked == []
