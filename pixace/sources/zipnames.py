"""The names in a zip, in the encoding that they were written in.

A flag says that a name is UTF-8; else it should be in the code page of MS-DOS, but most programs
wrote that of their own system. UTF-8, Japanese and simplified Chinese are recognised; others the
user names: `photos.zip#cp949`.
"""

import re
import struct
import zipfile
import zlib

UTF8 = 0x800  # the flag
UNICODE_NAME = 0x7075  # the extra field of Info-ZIP that has the name once more, in UTF-8
KANA = re.compile(r"[\u3041-\u30ff]")
WIDE = r"[\u3041-\u30ff\u3400-\u9fff]"
TORN = re.compile(rf"[A-Za-z]{WIDE}|{WIDE}[A-Za-z]|(?<!{WIDE}){WIDE}(?!{WIDE})|[\uff61-\uff9f]")


def name_of(info: zipfile.ZipInfo, encoding: str | None = None) -> str:
    """The name of a member, with slashes where Windows has backslashes.

    Args:
      info: the member, as zipfile reads it.
      encoding: of names that say nothing of it; None recognises it.

    Raises:
      UnicodeDecodeError: the name is not in that encoding.
    """
    if info.flag_bits & UTF8 or info.filename.isascii():
        return info.filename.replace("\\", "/")
    raw = info.filename.encode("cp437")
    name = _told_again(info.extra, raw) or (raw.decode(encoding) if encoding else recognised(raw))
    return name.replace("\\", "/")


def recognised(raw: bytes) -> str:
    """A name of no known encoding."""
    for encoding, is_likely in (("utf-8", bool), ("cp932", _is_japanese), ("gb2312", bool)):
        try:
            name = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if is_likely(name):
            return name
    return raw.decode("cp437")


def _is_japanese(name: str) -> bool:
    """Whether a name has kana, and none of what accents among Latin letters would be read as."""
    return bool(KANA.search(name)) and not TORN.search(name)


def _told_again(extra: bytes, raw: bytes) -> str | None:
    """The name out of the extra field, if it belongs to this one."""
    while len(extra) >= 4:
        kind, size = struct.unpack("<HH", extra[:4])
        field, extra = extra[4 : 4 + size], extra[4 + size :]
        if kind == UNICODE_NAME and field[1:5] == struct.pack("<I", zlib.crc32(raw)):
            return field[5:].decode("utf-8", "replace")
    return None
