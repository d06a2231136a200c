"""Pictures of all kinds look as other programs show them: tifffile for TIFF, Chromium for the rest.

Files are made here. What pixace refuses, others may show; nothing that it reads may look otherwise.
"""

import base64
import html
import io
import json
import re
import shutil
import struct
import subprocess
import zlib
from itertools import product

import numpy as np
import pytest
import tifffile
from PIL import Image as Pillow

from pixace.errors import ImageError
from pixace.images import loader

STEPS = 2  # of 255
HEIGHT, WIDTH = 13, 17

# TIFF, by tifffile


DEPTHS = ("uint8", "uint16", "uint32", "int8", "int16", "int32", "float16", "float32", "float64")
READ = {"uint8", "uint16", "float32"}  # the others may be refused


def values(kind, shape) -> np.ndarray:
    """Numbers over all of a type's range; floats in 0..1."""
    random = np.random.default_rng(0)
    if np.dtype(kind).kind == "f":
        return random.random(shape).astype(kind)
    ends = np.iinfo(kind)
    return random.integers(ends.min, ends.max, shape, endpoint=True, dtype=kind)


def tiff(array, **options) -> bytes:
    file = io.BytesIO()
    tifffile.imwrite(file, array, metadata=None, **options)
    return file.getvalue()


def seen_by_tifffile(raw) -> np.ndarray:
    """What a TIFF shows over white; floats (height, width, 3), 0..255."""
    with tifffile.TiffFile(io.BytesIO(raw)) as file:
        page = file.pages[0]
        array = page.asarray()
        if page.planarconfig == 2 and array.ndim == 3:
            array = np.moveaxis(array, 0, -1)
        top = 1 if array.dtype.kind == "f" else np.iinfo(array.dtype).max
        light = array.reshape(*array.shape[:2], -1).astype(float) / top
        if page.photometric == tifffile.PHOTOMETRIC.MINISWHITE:
            light[..., :1] = 1 - light[..., :1]
        colours = 3 if page.photometric == tifffile.PHOTOMETRIC.RGB else 1
        extra = page.extrasamples[0] if page.extrasamples else 0
    alpha = light[..., colours:] if extra else np.ones_like(light[..., :1])
    light = light[..., :colours] * (1 if extra == 1 else alpha) + 1 - alpha
    return np.broadcast_to(light * 255, (*light.shape[:2], 3))


@pytest.mark.parametrize("kind", DEPTHS)
@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("tiled", [False, True])
def test_tiffs_look_as_tifffile_reads_them(kind, byteorder, compression, tiled):
    options = {"byteorder": byteorder, "compression": compression}
    if tiled:
        options["tile"] = (16, 16)
    files = {
        photometric: tiff(values(kind, (HEIGHT, WIDTH)), photometric=photometric, **options)
        for photometric in ("minisblack", "miniswhite")
    }
    for extra, planar in product((None, "unassalpha", "assocalpha", "unspecified"), (1, 2)):
        for colours, photometric in ((3, "rgb"), (1, "minisblack")):
            array = values(kind, (HEIGHT, WIDTH, colours + bool(extra)))
            if extra == "assocalpha":  # no colour is brighter than its alpha
                array = np.minimum(array, array[..., -1:])
            if planar == 2:
                array = np.ascontiguousarray(np.moveaxis(array, -1, 0))
            if extra or colours == 3:
                files[extra, planar, photometric] = tiff(
                    array,
                    photometric=photometric,
                    planarconfig=planar,
                    extrasamples=[extra] if extra else None,
                    **options,
                )
    read = set()
    for name, raw in files.items():
        try:
            loaded = loader.load(raw, None)
        except ImageError:
            continue
        read.add(name)
        # 16 bits with alpha are cut to 8 before colours and alpha meet.
        steps = STEPS + 1 if kind == "uint16" and "assocalpha" in name else STEPS
        assert np.abs(loaded - seen_by_tifffile(raw)).max() <= steps, name
    if kind in READ:
        assert "minisblack" in read
    if kind in ("uint8", "uint16"):
        assert {(None, 1, "rgb"), (None, 2, "rgb"), ("unassalpha", 1, "rgb")} <= read


# The rest, by Chromium


CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
PAGE = """<!doctype html><meta charset="utf-8">{images}<script>
onload = () => {{
  const seen = {{}};
  for (const image of document.images) {{
    if (!image.naturalWidth) continue;
    const canvas = document.createElement("canvas");
    canvas.width = image.naturalWidth;
    canvas.height = image.naturalHeight;
    const context = canvas.getContext("2d");
    context.fillStyle = "white";
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.drawImage(image, 0, 0);
    const pixels = context.getImageData(0, 0, canvas.width, canvas.height).data;
    seen[image.alt] = [canvas.height, canvas.width, btoa(String.fromCharCode(...pixels))];
  }}
  const out = document.createElement("pre");
  out.textContent = JSON.stringify(seen);
  document.body.replaceChildren(out);
}};
</script>"""


def seen_by_chromium(files, folder) -> dict[str, np.ndarray]:
    """What a browser shows of files over white; those that it cannot read are missing."""
    images = "".join(
        f'<img alt="{name}" src="data:image;base64,{base64.b64encode(raw).decode()}">'
        for name, raw in files.items()
    )
    page = folder / "page.html"
    page.write_text(PAGE.format(images=images))
    done = subprocess.run(
        [
            *(CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu"),
            *("--force-color-profile=srgb", f"--user-data-dir={folder}/profile"),
            *("--dump-dom", page.as_uri()),
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    seen = json.loads(html.unescape(re.search("<pre>(.*)</pre>", done.stdout, re.S)[1]))
    return {
        name: np.frombuffer(base64.b64decode(pixels), np.uint8).reshape(height, width, 4)[..., :3]
        for name, (height, width, pixels) in seen.items()
    }


def chunk(name, content) -> bytes:
    checksum = zlib.crc32(name + content)
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", checksum)


def png(depth, colour, *chunks) -> bytes:
    """Noise, of a depth and a colour type, with other chunks in front."""
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    size = -(-WIDTH * channels * depth // 8)
    noise = np.random.default_rng(depth + colour).integers(0, 256, (HEIGHT, size), dtype=np.uint8)
    pixels = zlib.compress(b"".join(b"\0" + row.tobytes() for row in noise))
    head = struct.pack(">IIBBBBB", WIDTH, HEIGHT, depth, colour, 0, 0, 0)
    parts = (chunk(b"IHDR", head), *chunks, chunk(b"IDAT", pixels), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def pngs() -> dict[str, bytes]:
    palette = chunk(b"PLTE", np.random.default_rng(1).integers(0, 256, 768, np.uint8).tobytes())
    kinds = [(depth, 0) for depth in (1, 2, 4, 8, 16)] + [(depth, 3) for depth in (1, 2, 4, 8)]
    kinds += [(depth, colour) for colour in (2, 4, 6) for depth in (8, 16)]
    chromaticities = [31270, 32900, 64000, 33000, 21000, 71000, 15000, 6000]
    primaries = chunk(b"cHRM", struct.pack(">8I", *chromaticities))
    files = {}
    for depth, colour in kinds:
        table = [chunk(b"PLTE", palette[8 : 8 + 3 * 2**depth])] if colour == 3 else []
        name = f"png {depth} {colour}"
        files[name] = png(depth, colour, *table)
        if colour in (0, 2):
            key = struct.pack(">H", 2**depth - 1) * (1 if colour == 0 else 3)
            files[f"{name} keyed"] = png(depth, colour, *table, chunk(b"tRNS", key))
        elif colour == 3:
            clear = chunk(b"tRNS", bytes([0, 128]))
            files[f"{name} keyed"] = png(depth, colour, *table, clear)
        if depth < 16:  # Pillow's 8 bits of 16 are too few for dark ones
            for gamma in (100_000, 45_455, 30_000):
                told = chunk(b"gAMA", struct.pack(">I", gamma))
                files[f"{name} gamma {gamma}"] = png(depth, colour, told, *table)
            files[f"{name} primaries"] = png(depth, colour, primaries, told, *table)
    return files


def by_pillow() -> dict[str, bytes]:
    noise = np.random.default_rng(2).integers(0, 256, (HEIGHT, WIDTH, 4), dtype=np.uint8)
    files = {}
    for mode, kind in product(("1", "L", "P", "RGB", "RGBA"), ("GIF", "BMP", "PNG", "WEBP", "ICO")):
        file = io.BytesIO()
        picture = Pillow.fromarray(noise).convert(mode)
        options = {"lossless": True} if kind == "WEBP" else {}
        picture.save(file, kind, **options)
        files[f"{kind} {mode}"] = file.getvalue()
        if kind in ("GIF", "PNG", "WEBP"):
            file = io.BytesIO()
            picture.save(file, kind, save_all=True, append_images=[picture.rotate(180)], **options)
            files[f"{kind} {mode} moving"] = file.getvalue()
    for turn in range(1, 9):
        exif = Pillow.Exif()
        exif[0x0112] = turn
        for kind in ("JPEG", "PNG"):
            file = io.BytesIO()
            smooth = Pillow.linear_gradient("L").resize((WIDTH, HEIGHT)).convert("RGB")
            smooth.save(file, kind, exif=exif, **({"quality": 95} if kind == "JPEG" else {}))
            files[f"{kind} turn {turn}"] = file.getvalue()
    return files


def small_frame() -> bytes:
    """A GIF whose only frame is cut out of the canvas."""
    file = io.BytesIO()
    Pillow.new("P", (4, 3), 1).save(file, "GIF", palette=[9, 9, 99, 200, 0, 0])
    raw = bytearray(file.getvalue())
    place = raw.index(b",", 13)
    raw[6:10] = struct.pack("<HH", 9, 8)
    raw[place + 1 : place + 5] = struct.pack("<HH", 2, 1)
    return bytes(raw)


def bmps() -> dict[str, bytes]:
    files = {}
    for bits, masks, kind in (
        (16, (0x7C00, 0x3E0, 0x1F, 0x8000), 3),
        (16, (0x7C00, 0x3E0, 0x1F, 0), 3),
        (16, (0xF800, 0x7E0, 0x1F, 0), 3),
        (16, (0xF00, 0xF0, 0xF, 0xF000), 3),
        (32, (0xFF0000, 0xFF00, 0xFF, 0xFF000000), 3),
        (32, (0xFF, 0xFF00, 0xFF0000, 0xFF000000), 3),
        (32, (0x3FF00000, 0xFFC00, 0x3FF, 0xC0000000), 3),
        (32, (0xFF0000, 0xFF00, 0xFF, 0xFF000000), 0),
        (32, (0xFF0000, 0xFF00, 0xFF, 0), 0),
    ):
        words = np.random.default_rng(3).integers(0, 2**bits, (HEIGHT, 18), np.uint32)
        rows = words.astype(f"<u{bits // 8}").tobytes()
        for size in (108, 124):
            head = struct.pack("<IiiHHIIiiII", size, 18, HEIGHT, 1, bits, kind, 0, 0, 0, 0, 0)
            head = (head + struct.pack("<4I", *masks) + b"BGRs").ljust(size, b"\0")
            front = b"BM" + struct.pack("<IHHI", 14 + size + len(rows), 0, 0, 14 + size)
            files[f"BMP {bits} {masks} {kind} {size}"] = front + head + rows
    return files


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
def test_other_files_look_as_a_browser_shows_them(tmp_path):
    files = pngs() | by_pillow() | bmps() | {"GIF with a small frame": small_frame()}
    seen = seen_by_chromium(files, tmp_path)
    assert len(seen) > 0.9 * len(files)
    wrong = {}
    for name, expected in seen.items():
        loaded = loader.load(files[name], None, name=name)
        assert loaded.shape == expected.shape, name
        if (steps := np.abs(loaded - expected.astype(int)).max()) > STEPS:
            wrong[name] = steps
    assert not wrong
