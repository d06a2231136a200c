"""What a file is that is no picture for pixace, told from its first bytes.

The names of files are not looked at: a web page saved as `cat.jpg` is a web page.
"""

import re
import struct
from typing import BinaryIO

from PIL import Image as Pillow

HEAD = 512  # bytes that are looked at

CONVERT = "which pixace does not read; convert it to PNG or JPEG"
HEIC = f"HEIC, {CONVERT}, such as with heif-convert or ImageMagick"
RAW = f"a camera's RAW file, {CONVERT}, such as with darktable-cli"
UNKNOWN_TIFF = (
    "a TIFF that keeps its pixels in a way that pixace does not read; save it with 8 or 16 bits"
)
VIDEO = "a video, not a picture; take pictures out of it, such as with ffmpeg"
DRAWING = f"{CONVERT}, such as with rsvg-convert or Inkscape"

BRANDS = {  # of ISO media files, after `ftyp`
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"), HEIC),
    b"crx ": RAW,
}
PICTURES = (b"avif", b"avis")  # brands that Pillow reads
STARTS = {  # other kinds of pictures
    b"\xff\x0a": f"JPEG XL, {CONVERT}, such as with djxl",
    b"\0\0\0\x0cJXL \r\n\x87\n": f"JPEG XL, {CONVERT}, such as with djxl",
    b"II\xbc": f"JPEG XR, {CONVERT}, such as with JxrDecApp",
    b"IIRO": RAW,
    b"IIRS": RAW,
    b"MMOR": RAW,
    b"IIU\0": RAW,
    b"FUJIFILMCCD-RAW": RAW,
    b"FOVb": RAW,
    b"\0MRM": RAW,
    b"II\x1a\0\0\0HEAPCCDR": RAW,
    b"%!PS": f"PostScript, {CONVERT}, such as with Ghostscript",
    b"\xc5\xd0\xd3\xc6": f"PostScript, {CONVERT}, such as with Ghostscript",
    b"%PDF": f"PDF, {CONVERT}, such as with pdftoppm",
    b"\xd7\xcd\xc6\x9a": f"a Windows metafile, {DRAWING}",
    b"gimp xcf": f"a GIMP project, {CONVERT}, with GIMP",
    b"v/1\x01": f"OpenEXR, {CONVERT}",
    b"#?RADIANCE": f"Radiance HDR, {CONVERT}",
    b"#?RGBE": f"Radiance HDR, {CONVERT}",
    b"BPG\xfb": f"BPG, {CONVERT}, such as with bpgdec",
    b"FLIF": f"FLIF, {CONVERT}, such as with flif",
    b"AT&TFORM": f"DjVu, {CONVERT}, such as with ddjvu",
    b"\x8aMNG": f"MNG, {CONVERT}",
    b"\x8bJNG": f"JNG, {CONVERT}",
    b"\xabKTX": f"a KTX texture, {CONVERT}",
    b"VTF\0": f"a VTF texture, {CONVERT}",
    b"farbfeld": f"farbfeld, {CONVERT}",
    b"PK\3\4": "not a picture but a ZIP archive, or a document that is one; unpack or export it",
    b"\x1f\x8b": "not a picture but packed by gzip; unpack it",
    b"BZh": "not a picture but packed by bzip2; unpack it",
    b"\xfd7zXZ": "not a picture but packed by xz; unpack it",
    b"(\xb5/\xfd": "not a picture but packed by zstd; unpack it",
    b"7z\xbc\xaf": "not a picture but a 7z archive; unpack it",
    b"Rar!": "not a picture but a RAR archive; unpack it",
    b"\x1aE\xdf\xa3": VIDEO,
    b"\0\0\1\xba": VIDEO,
    b"\0\0\1\xb3": VIDEO,
    b"FLV\1": VIDEO,
    b"0&\xb2u\x8ef\xcf\x11": VIDEO,
    b"\0\5\x16\7": "not a picture but what a Mac notes beside a file; leave it out",
    b"\xd0\xcf\x11\xe0": "not a picture but an old document of Office, or a Thumbs.db of Windows",
    b"\x93NUMPY": "not a picture but an array of NumPy; name the file itself as a source",
    b"version https://git-lfs": "not a picture but what Git LFS keeps in its place; fetch it with: "
    "git lfs pull",
}
INSIDE = (  # later than at the very beginning: place, bytes, kind
    (4, b"\xe0\xa5", f"a sprite of Aseprite, {CONVERT}, with Aseprite's File > Export"),
    (8, b"CR\2\0", RAW),
    (8, b"CR\1\0", RAW),
    (40, b" EMF", f"a Windows metafile, {DRAWING}"),
)
READABLE = {  # kinds that are read, if they are not broken
    b"\x89PNG": "PNG",
    b"\xff\xd8": "JPEG",
    b"GIF8": "GIF",
    b"BM": "BMP",
    b"RIFF": "WEBP",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"II+\0": "TIFF",
    b"MM\0+": "TIFF",
    b"\0\0\1\0": "ICO",
    b"\0\0\2\0": "CUR",
    b"8BPS": "PSD",
    b"\0\0\0\x0cjP  ": "JPEG2000",
    b"\xff\x4f\xff\x51": "JPEG2000",
    b"icns": "ICNS",
    b"DDS ": "DDS",
    b"qoif": "QOI",
    **{b"P%d" % number: "PPM" for number in range(1, 7)},
}
RAWS = (".dng", ".nef", ".nrw", ".arw", ".sr2", ".srf", ".pef", ".srw", ".cr2", ".3fr", ".iiq")
PAGE = re.compile(rb"\s*(<!--.*?-->\s*)*<(!doctype html|html|head|body)", re.I | re.S)


def unread(head: bytes) -> str | None:
    """What a file is, if Pillow shall not see it: another kind of picture, or none at all.

    Args:
      head: its first bytes, `HEAD` or all.

    Returns:
      What it is and what to do, as the end of "NAME: "; None where it may be a picture.
    """
    for start, kind in STARTS.items():
        if head.startswith(start):
            return kind
    for place, mark, kind in INSIDE:
        if head[place : place + len(mark)] == mark:
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return VIDEO
    if head[4:8] == b"ftyp":
        brands = [head[8:12], *(head[at : at + 4] for at in range(16, _box(head), 4))]
        if not any(brand in PICTURES for brand in brands):
            return next((BRANDS[brand] for brand in brands if brand in BRANDS), VIDEO)
    if head[4:8] in (b"moov", b"mdat", b"wide"):
        return VIDEO
    if b"<svg" in head and head.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<"):
        return f"SVG, {DRAWING}"
    return None


def _box(head: bytes) -> int:
    return min(int.from_bytes(head[:4]), len(head))


def broken(file: BinaryIO, head: bytes, name: str) -> str:
    """Why no decoder takes a file, as the end of "NAME: ".

    Args:
      file: at its beginning.
      head: its first bytes.
      name: of the file.
    """
    kind = next((kind for start, kind in READABLE.items() if head.startswith(start)), None)
    if kind == "PPM" and head[2:3] not in b"\n\r\t #":
        kind = None
    if kind == "TIFF" and name.lower().endswith(RAWS):
        return RAW
    if kind in Pillow.OPEN:
        try:
            Pillow.OPEN[kind][0](file, "")
        except Exception as why:  # of a dozen kinds
            if str(why) == "unknown pixel mode":
                return UNKNOWN_TIFF
            cut = isinstance(why.__cause__ or why, struct.error | IndexError | EOFError)
            cut = cut or "truncated" in str(why).lower()
            told = "its header is cut off" if cut else str(why) or type(why).__name__
            return f"a broken {kind} ({told})"
    if not head.strip(b"\0"):
        return "not a picture but zeros, as of a copy that broke off; copy it again"
    if PAGE.match(head):
        return "not a picture but a web page; its address may have moved"
    if _is_text(head):
        return "not a picture but text"
    return "not a picture, or of a kind that nobody here knows"


def _is_text(head: bytes) -> bool:
    """Whether these are letters: UTF-8 or UTF-16, without control characters."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    try:
        text = head.decode()
    except UnicodeDecodeError as why:
        if why.start < len(head) - 3:  # else cut within a letter
            return False
        text = head[: why.start].decode()
    return not re.search(r"[\x00-\x08\x0e-\x1f]", text)
