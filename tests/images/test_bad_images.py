"""Broken, hostile and odd files: each is a picture or one `ImageError`; none hangs or crashes.

Files go to a process of their own, which may take 1 GB more than a fresh one and 5 seconds a file.
"""

import io
import json
import struct
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

COLLECTION = Path(__file__).parents[3] / "shared" / "data" / "bad-images"
MEMORY = 2**30  # bytes more than before the first file
SECONDS = 5  # for one file

READER = """
import json, resource, signal, sys, warnings
from pathlib import Path
import numpy as np
from pixace.images import loader
from pixace.errors import ImageError

warnings.simplefilter("error")
memory, seconds = int(sys.argv[1]), int(sys.argv[2])
loader.load(np.zeros((4, 4), np.uint8), (2, 2))
taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (taken + memory, taken + memory))
for line in sys.stdin:
    path = Path(json.loads(line))
    signal.alarm(seconds)  # not caught: it ends the process
    try:
        loaded = loader.load(path, (32, 32))
        said = "picture" if loaded.shape == (32, 32, 3) and loaded.dtype == np.uint8 else "wrong"
    except ImageError as why:
        said = str(why)
    signal.alarm(0)
    print(json.dumps([str(path), said]), flush=True)
"""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits memory as Linux does")


def read(paths) -> dict[Path, str]:
    """What reading says of each file: "picture" or the message of an `ImageError`."""
    lines = "".join(f"{json.dumps(str(path))}\n" for path in paths)
    done = subprocess.run(
        [sys.executable, "-c", READER, str(MEMORY), str(SECONDS)],
        input=lines,
        capture_output=True,
        text=True,
        check=False,
    )
    said = dict(map(json.loads, done.stdout.splitlines()))
    assert len(said) == len(lines.splitlines()), (
        f"exit {done.returncode} after {list(said)[-1:]}: {done.stderr[-500:]}"
    )
    return {Path(path): message for path, message in said.items()}


def encoded(kind, picture=None, **options) -> bytes:
    noise = np.random.default_rng(0).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    file = io.BytesIO()
    (picture or Pillow.fromarray(noise)).save(file, kind, **options)
    return file.getvalue()


def png(width, height, data, depth=8, colour=0) -> bytes:
    """A PNG file of whatever claims."""

    def chunk(kind, content):
        checksum = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)

    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    parts = (chunk(b"IHDR", head), chunk(b"IDAT", zlib.compress(data, 9)), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def zipped() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        packed.writestr("a.png", encoded("PNG"))
    return file.getvalue()


def with_byte_flipped(data, place) -> bytes:
    return data[:place] + bytes([data[place] ^ 255]) + data[place + 1 :]


def progressive_bomb() -> bytes:
    """A small progressive JPEG whose head claims 12000x12000: its decoder would hold them all."""
    data = encoded("JPEG", progressive=True)
    place = data.index(b"\xff\xc2") + 5
    return data[:place] + struct.pack(">HH", 12_000, 12_000) + data[place + 4 :]


BAD = {
    "empty.png": (b"", "empty, 0 bytes"),
    "text.png": (b"Dear diary, today I saw a cat.\n" * 20, "not a picture but text"),
    "zipped.jpg": (zipped(), "not a picture but a ZIP archive"),
    "signature-only.png": (b"\x89PNG\r\n\x1a\n", "a broken PNG (its header is cut off)"),
    "half.jpg": (encoded("JPEG")[:1500], "truncated after 1,500 bytes"),
    "half.png": (encoded("PNG")[:1500], "truncated after 1,500 bytes"),
    "half.gif": (encoded("GIF")[:1500], "truncated after 1,500 bytes"),
    "half.bmp": (encoded("BMP")[:1500], "truncated after 1,500 bytes"),
    "half.webp": (encoded("WEBP")[:1500], "broken|not a picture"),
    "half.tif": (encoded("TIFF")[:1500], "truncated|broken|not a picture"),
    "flipped.png": (with_byte_flipped(encoded("PNG"), 5000), "broken"),
    "claims.png": (png(60_000, 60_000, b""), "claims 3,600,000,000 pixels, more than the limit"),
    "bomb.png": (png(10_000, 10_000, bytes(10_001 * 10_000)), "claims 10000x10000 pixels, more"),
    "bomb.gif": (b"GIF89a\xff\xff\xff\xff\0\0\0,\0\0\0\0\xff\xff\xff\xff\0\2\0;", "claims"),
    "progressive.jpg": (progressive_bomb(), "claims 12000x12000 pixels, more"),
    "program.eps": (
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        "PostScript, which pixace",
    ),
}
GOOD = {
    "named.jpg": encoded("PNG"),
    "animated-but-cut.gif": encoded(
        "GIF",
        Pillow.new("P", (40, 40)),
        save_all=True,
        append_images=[Pillow.effect_noise((40, 40), 90)],
    )[:-200],
    "trailing.png": encoded("PNG") + b"garbage",
    "large.png": png(7900, 8000, bytes(7901 * 8000)),
    "large-and-deep.png": png(7900, 8000, bytes((2 * 7900 + 1) * 8000), depth=16),
    "large-with-alpha.png": png(7900, 8000, bytes((4 * 7900 + 1) * 8000), colour=6),
}


def test_bad_files_say_what_is_wrong_with_them(tmp_path):
    for name, (data, _) in BAD.items():
        (tmp_path / name).write_bytes(data)
    for path, said in read(tmp_path / name for name in BAD).items():
        name, _, reason = said.rpartition("/")[2].partition(": ")
        assert name == path.name
        assert any(map(reason.startswith, BAD[path.name][1].split("|"))), said


def test_odd_files_are_read_all_the_same(tmp_path):
    for name, data in GOOD.items():
        (tmp_path / name).write_bytes(data)
    assert set(read(tmp_path / name for name in GOOD).values()) == {"picture"}


@pytest.mark.skipif(not COLLECTION.is_dir(), reason="the collection of bad images is not here")
def test_no_file_of_the_collection_crashes_hangs_or_eats_memory():
    files = [path for path in sorted(COLLECTION.rglob("*")) if path.is_file()]
    said = read(files)
    assert len(said) == len(files)
    assert not [path for path, message in said.items() if "\n" in message or message == "wrong"]
    read_well = {path.name for path, message in said.items() if message == "picture"}
    assert {"control-good.png", "control-good.jpg", "cmyk.jpg", "float32.tif"} <= read_well
