"""Embedded profiles: what they say counts, and not what they are called."""

import io
import struct

import numpy as np
import pytest
from PIL import Image as Pillow
from PIL import ImageCms

from pixace.images import loader

XYZ = {  # of sRGB, and of Adobe RGB, as seen under D50
    "sRGB": [(0.4361, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7141)],
    "Adobe": [(0.6097, 0.3111, 0.0195), (0.2053, 0.6257, 0.0609), (0.1492, 0.0632, 0.7446)],
}
D50 = (0.9642, 1.0, 0.8249)


def fixed(*numbers) -> bytes:
    return b"".join(struct.pack(">i", round(number * 65536)) for number in numbers)


def profile(gamma, primaries=None, name="mine") -> bytes:
    """An ICC profile of one gamma: of RGB where it has primaries, else of grey."""
    text = name.encode() + b"\0"
    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256)) + bytes(2)
    tags = {
        b"desc": b"desc" + bytes(4) + struct.pack(">I", len(text)) + text + bytes(78),
        b"wtpt": b"XYZ " + bytes(4) + fixed(*D50),
    }
    if primaries:
        for colour, place in zip((b"r", b"g", b"b"), XYZ[primaries], strict=True):
            tags[colour + b"XYZ"] = b"XYZ " + bytes(4) + fixed(*place)
            tags[colour + b"TRC"] = curve
    else:
        tags[b"kTRC"] = curve
    table, body = struct.pack(">I", len(tags)), b""
    for tag, said in tags.items():
        content = said.ljust(-(-len(said) // 4) * 4, b"\0")
        place = 128 + 4 + 12 * len(tags) + len(body)
        table += tag + struct.pack(">II", place, len(content))
        body += content
    space = b"RGB " if primaries else b"GRAY"
    head = struct.pack(">I4sI4s4s4s12x4s", 0, b"", 0x02400000, b"mntr", space, b"XYZ ", b"acsp")
    head = head.ljust(68, b"\0") + fixed(*D50)
    head = head.ljust(128, b"\0")
    size = struct.pack(">I", len(head) + len(table) + len(body))
    return size + head[4:] + table + body


def encoded(picture, kind, icc) -> bytes:
    file = io.BytesIO()
    options = {"quality": 100} if kind == "JPEG" else {"lossless": True} if kind == "WEBP" else {}
    picture.save(file, kind, icc_profile=icc, **options)
    return file.getvalue()


def srgb(light) -> np.ndarray:
    """0..1 of light as sRGB, 0..255."""
    light = np.asarray(light).clip(0, 1)
    return 255 * np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


RAMP = np.arange(0, 256, 15, dtype=np.uint8)[None]
NAMES = ("linear sRGB", "sRGB-elle-V2-g10.icc", "GIMP built-in linear sRGB", "x")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P"])
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
def test_linear_profiles_are_not_taken_for_srgb(name, mode, kind):
    picture = Pillow.fromarray(RAMP.repeat(2, 0)).convert("RGB").convert(mode)
    if (mode, kind) == ("P", "WEBP"):
        pytest.skip("WebP has no palettes")
    seen = np.asarray(picture.convert("RGB"))[0, :, 0] / 255
    loaded = loader.load(encoded(picture, kind, profile(1, "sRGB", name)), None)
    assert np.abs(loaded[0] - srgb(seen)[:, None]).max() <= 2


@pytest.mark.parametrize("gamma", [1.0, 1.8, 2.2])
@pytest.mark.parametrize("mode", ["L", "LA"])
@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_profiles_of_grey_are_obeyed(gamma, mode, kind):
    raw = encoded(Pillow.fromarray(RAMP).convert(mode), kind, profile(gamma))
    loaded = loader.load(raw, None)
    assert np.abs(loaded[0] - srgb((RAMP[0] / 255) ** gamma)[:, None]).max() <= 2


def test_a_grey_jpeg_with_a_profile_of_grey():
    grey = Pillow.new("L", (8, 8), 100)
    loaded = loader.load(encoded(grey, "JPEG", profile(1.0)), None)
    assert np.abs(loaded - srgb(100 / 255)).max() <= 2


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP", "JPEG"])
def test_colours_beyond_srgb_are_clipped_to_it(kind):
    picture = Pillow.new("RGB", (8, 8), (100, 200, 100))
    loaded = loader.load(encoded(picture, kind, profile(563 / 256, "Adobe")), None)
    linear = (np.array([100, 200, 100]) / 255) ** (563 / 256)
    own, there = np.array(XYZ["Adobe"]).T, np.array(XYZ["sRGB"]).T
    expected = srgb(np.linalg.solve(there, own @ linear))
    assert np.abs(loaded[4, 4] - expected).max() <= 3


@pytest.mark.parametrize("name", ["sRGB", "c2", "Camera"])
def test_what_is_srgb_by_another_name_changes_nothing(name):
    own = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    icc = own.replace("sRGB".encode("utf-16-be"), name[:4].ljust(4).encode("utf-16-be"))
    noise = np.random.default_rng(0).integers(0, 256, (9, 14, 3), dtype=np.uint8)
    raw = encoded(Pillow.fromarray(noise), "PNG", icc)
    np.testing.assert_array_equal(loader.load(raw, None), noise)


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_grey_may_have_a_profile_of_rgb(kind):
    loaded = loader.load(encoded(Pillow.new("L", (8, 8), 100), kind, profile(1, "sRGB")), None)
    assert np.abs(loaded - srgb(100 / 255)).max() <= 2


def test_a_profile_of_other_colours_is_ignored():
    raw = encoded(Pillow.fromarray(RAMP).convert("RGB"), "PNG", profile(1))
    assert loader.load(raw, None)[0, :, 0].tolist() == RAMP[0].tolist()
