"""Sound files, damaged: at random, or where it hurts; and with their checksums set right again.

A checksum finds most damage before anything else does, so what stands behind it would never see
any. Half of the files get theirs anew, and of packed ones what is in them is damaged.
"""

import bz2
import gzip
import io
import lzma
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Sequence
from random import Random

LONGEST = 1 << 20  # bytes of a damaged file
NUMBERS = (0, 1, 2, 127, 255, 256, 32767, 65535, 1 << 24, (1 << 31) - 1, 1 << 31, (1 << 32) - 1)
LARGE = (*NUMBERS, 10**11, 10**12, 1 << 60, (1 << 63) - 1, (1 << 64) - 1)
WORDS = (
    *(b"\0", b"\xff" * 9, b"\xef\xbb\xbf", b"\xff\xfe", b"{" * 3000, b"[" * 3000, b"(" * 300),
    *(b'"', b"'", b"\\", b"\\ud800", b"\\udc80", b"1e999", b"NaN", b"-1", b"9" * 5000, b"%s%n"),
    *(b"\r", b"\n", b"\t", b",", b"../" * 40, b"/dev/zero", b"http://a", b"pipe.png", b"PK\3\4"),
    *(b"<svg", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"True", b"|O8", b"|S0", b"<U9", b"()", b"@a()"),
)
STREAMS = {".gz": (gzip.decompress, lambda raw: gzip.compress(raw, 1, mtime=0))}
STREAMS |= {".bz2": (bz2.decompress, bz2.compress), ".xz": (lzma.decompress, lzma.compress)}
MAGIC = b"\x89PNG\r\n\x1a\n"


def damaged(name: str, corpus: dict[str, bytes], luck: Random) -> bytes:
    """A file of the corpus, damaged in one to four ways.

    Args:
      name: of the file.
      corpus: all of them, as others may be mixed in.
      luck: decides.
    """
    raw, suffix = corpus[name], f".{name.rpartition('.')[2]}"
    if suffix in STREAMS and luck.random() < 0.7:
        unpacked, packed = STREAMS[suffix]
        return packed(_mended(_hurt(unpacked(raw), corpus, luck), luck))
    if suffix in (".zip", ".npz") and luck.random() < 0.5:
        return _inside(raw, corpus, luck)
    return _mended(_hurt(raw, corpus, luck), luck)


def _inside(raw: bytes, corpus: dict[str, bytes], luck: Random) -> bytes:
    """A zip of which one member is damaged."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as old, zipfile.ZipFile(file, "w") as new:
        infos = old.infolist()
        bad = luck.choice(infos)
        for info in infos:
            content = old.read(info)
            new.writestr(info, _hurt(content, corpus, luck) if info is bad else content)
    return file.getvalue()


def _hurt(raw: bytes, corpus: dict[str, bytes], luck: Random) -> bytes:
    for _ in range(luck.choice((1, 1, 1, 2, 2, 3, 4))):
        other = corpus[luck.choice(list(corpus))]
        raw = luck.choice(WAYS)(bytearray(raw), other, luck)[:LONGEST]
    return raw


def _bits(raw: bytearray, _other: bytes, luck: Random) -> bytes:
    for _ in range(luck.choice((1, 1, 2, 8))):
        if raw:
            raw[luck.randrange(len(raw))] ^= 1 << luck.randrange(8)
    return bytes(raw)


def _run(raw: bytearray, _other: bytes, luck: Random) -> bytes:
    start, length = _place(raw, luck), luck.choice((1, 2, 4, 16, 100))
    fill = luck.choice((b"\0", b"\xff", b"0", b" ", bytes([luck.randrange(256)])))
    raw[start : start + length] = luck.choice((fill * length, luck.randbytes(length)))
    return bytes(raw)


def _cut(raw: bytearray, _other: bytes, luck: Random) -> bytes:
    return bytes(raw[: luck.choice((_place(raw, luck), max(0, len(raw) - luck.randrange(1, 40))))])


def _left_out(raw: bytearray, _other: bytes, luck: Random) -> bytes:
    start = _place(raw, luck)
    del raw[start : start + luck.choice((1, 4, 64, 512))]
    return bytes(raw)


def _again(raw: bytearray, _other: bytes, luck: Random) -> bytes:
    start, length = _place(raw, luck), luck.choice((1, 4, 12, 64, 512, 4096))
    chunk = bytes(raw[start : start + length])
    raw[start:start] = chunk * luck.choice((1, 1, 2, 10, 1000, 30_000))
    return bytes(raw)


def _spliced(raw: bytearray, other: bytes, luck: Random) -> bytes:
    return bytes(raw[: _place(raw, luck)] + other[luck.randrange(len(other) + 1) :])


def _number(raw: bytearray, _other: bytes, luck: Random) -> bytes:
    wide = luck.choice("BHIQ")
    most = (1 << 8 * struct.calcsize(wide)) - 1
    said = struct.pack(luck.choice("<>") + wide, luck.choice(LARGE) & most)
    start = _place(raw, luck)
    raw[start : start + len(said)] = said
    return bytes(raw)


def _digits(raw: bytearray, _other: bytes, luck: Random) -> bytes:
    """Another number where one is written out; in tars with as many digits, in base 8."""
    if not (found := list(re.finditer(rb"-?\d+", raw))):
        return bytes(raw)
    here = luck.choice(found)
    said = luck.choice((b"%d", b"-%d", b"%d.5", b"%o")) % luck.choice(LARGE)
    if luck.random() < 0.5:
        said = said[-len(here[0]) :].rjust(len(here[0]), b"0")
    raw[here.start() : here.end()] = said
    return bytes(raw)


def _word(raw: bytearray, _other: bytes, luck: Random) -> bytes:
    start = _place(raw, luck)
    raw[start : start + luck.choice((0, 0, 1, 8))] = luck.choice(WORDS)
    return bytes(raw)


Way = Callable[[bytearray, bytes, Random], bytes]
WAYS: Sequence[Way] = (
    *(_bits, _run, _cut, _left_out, _again, _spliced, _number, _number, _digits, _word),
)


def _place(raw: bytearray, luck: Random) -> int:
    """Anywhere; half of the time in the first 64 bytes, where heads are."""
    return luck.randrange(min(len(raw), luck.choice((64, LONGEST))) + 1)


def _mended(raw: bytes, luck: Random) -> bytes:
    """With right checksums, half of the time."""
    if luck.random() < 0.5:
        return raw
    if raw.startswith(MAGIC):
        return _png(raw)
    if raw[257:262] == b"ustar":
        return _tar(raw)
    return raw


def _png(raw: bytes) -> bytes:
    made, place = bytearray(raw[:8]), 8
    while len(head := raw[place : place + 8]) == 8:
        length = int.from_bytes(head[:4], "big")
        body = raw[place + 4 : place + 8 + length]
        made += head[:4] + body + struct.pack(">I", zlib.crc32(body))
        place += length + 12
    return bytes(made + raw[place:])


def _tar(raw: bytes) -> bytes:
    made = bytearray(raw)
    for start in range(0, len(made) - 511, 512):
        if made[start + 257 : start + 262] == b"ustar":
            made[start + 148 : start + 156] = b" " * 8
            made[start + 148 : start + 156] = b"%06o\0 " % sum(made[start : start + 512])
    return bytes(made)
