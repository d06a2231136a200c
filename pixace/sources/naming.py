"""Which files of a folder or an archive are tried as pictures, and what their names tell."""

import os
import re
import unicodedata
from pathlib import PurePosixPath

# Tried are all files but these. A suffix says little: pictures come with none or a wrong one, but
# nobody's holiday photos end in .txt. Kinds of pictures that are not read (SVG, HEIC, camera RAW)
# are tried all the same: so they are counted, and named.
DOCUMENTS = "csv doc docx htm html ini json jsonl log md odt pdf ppt pptx rst rtf tex tsv txt"
PROGRAMS = "bat c cfg conf cpp css gin go h ipynb java js lnk lock py r rs sh sql toml xml yaml yml"
BINARIES = "bin bz2 dat db exe gz npy npz parquet pickle pkl pt pth rar so tar tgz ttf xz zip zst"
MORE_BINARIES = "7z arrow ckpt feather h5 hdf5 lmdb lz4 mat mdb onnx pack safetensors tfrecord"
RECORDINGS = "aac avi flac m4a m4v mkv mov mp3 mp4 ogg srt wav webm wmv"
# What lies beside pictures and tells of them: captions, classes, edits, positions, thumbnails.
SIDECARS = "aae bib cap caption cls dop geojson gpx id idx index info lrcat lrv lst md5 nfo on1 pp3"
MORE_SIDECARS = "pto sha1 sha256 tags thm torrent url vtt webloc xmp"
NO_PICTURES = frozenset(
    " ".join(
        (DOCUMENTS, PROGRAMS, BINARIES, MORE_BINARIES, RECORDINGS, SIDECARS, MORE_SIDECARS)
    ).split()
)
NO_PICTURES_NAMED = frozenset(
    ("copying", "icon\r", "licence", "license", "makefile", "notice", "readme")
)
# Folders in which systems, network drives and programs keep copies, thumbnails and what was
# deleted. (Most others begin with a dot.)
NOBODYS = frozenset(
    (
        *("__macosx", "@eadir", "@recycle", "@recently-snapshot", "@sharebin", "@tmp"),
        *("#recycle", "#snapshot", "$recycle.bin", "recycler", "system volume information"),
        *("lost+found", "network trash folder", "temporary items", "found.000"),
        *("mlruns", "mlartifacts"),  # where MLflow keeps what a training has drawn
    )
)
PREVIEWS = (".lrdata", ".cocatalogdb")  # end the names of folders of previews
THUMBNAILS = re.compile(r"SYNO(PHOTO|VIDEO)_.*|(eh)?thumbs(_vista)?\.db", re.IGNORECASE)
PACKED = re.compile(r".*\.(zip|7z|rar|tgz|tbz2?|txz|tar(\.\w+)?)", re.IGNORECASE)


def may_be_picture(name: str) -> bool:
    """Whether a path, relative and with slashes, is worth a try; hidden files are not."""
    *folders, file = name.split("/")
    return may_name_picture(file) and all(map(may_be_entered, folders))


def may_name_picture(file: str) -> bool:
    """The same of a file's name alone."""
    stem, dot, suffix = file.rpartition(".")
    known = bool(dot and stem) and suffix.lower() in NO_PICTURES
    hidden = not file or file[0] == "."
    return not (hidden or known or file.lower() in NO_PICTURES_NAMED or THUMBNAILS.fullmatch(file))


def may_be_entered(folder: str) -> bool:
    """Whether the pictures in a folder of this name are the user's own."""
    if folder[:1] == ".":
        return folder in (".", "..")
    return folder.lower() not in NOBODYS and not folder.lower().endswith(PREVIEWS)


def is_packed(name: str) -> bool:
    """Whether a name is that of an archive."""
    return bool(PACKED.fullmatch(name))


def folder_label(name: str) -> str | None:
    """The name of the folder that holds the picture; none at the top."""
    return label(PurePosixPath(name).parent.name) or None


def label(folder: str) -> str:
    """The class that a folder's name is, however its accents are composed, without blanks around.

    Bytes that are no UTF-8 are spelled out, so that different names stay different.
    """
    text = os.fsencode(folder).decode("utf-8", "backslashreplace")
    return unicodedata.normalize("NFC", text).strip()


def readable(name: str) -> str:
    """The name with a replacement character for each byte that is no UTF-8, safe to print."""
    return os.fsencode(name).decode("utf-8", "replace")
