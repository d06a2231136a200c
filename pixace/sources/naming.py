"""Which files of a folder or an archive are tried as pictures, and what their names tell."""

import os
from pathlib import PurePosixPath

# Tried are all files but these. A suffix says little: pictures come with none or a wrong one, but
# nobody's holiday photos end in .txt.
DOCUMENTS = "csv doc docx htm html ini json jsonl log md odt pdf ppt pptx rst rtf svg tex tsv txt"
PROGRAMS = "bat c cfg conf cpp css gin go h ipynb java js lnk lock py r rs sh sql toml xml yaml yml"
BINARIES = "bin bz2 dat db exe gz npy npz parquet pickle pkl pt pth rar so tar tgz ttf xz zip zst"
RECORDINGS = "aac avi flac m4a m4v mkv mov mp3 mp4 ogg srt wav webm wmv"
NO_PICTURES = frozenset(f"{DOCUMENTS} {PROGRAMS} {BINARIES} {RECORDINGS}".split())
NO_PICTURES_NAMED = frozenset(("copying", "licence", "license", "makefile", "notice", "readme"))


def may_be_picture(name: str) -> bool:
    """Whether a path, relative and with slashes, is worth a try; hidden files are not."""
    path = PurePosixPath(name)
    hidden = any(part == "__MACOSX" or (part[0] == "." and part != "..") for part in path.parts)
    known = path.suffix.lower()[1:] in NO_PICTURES or path.name.lower() in NO_PICTURES_NAMED
    return not hidden and not known


def folder_label(name: str) -> str | None:
    """The name of the folder that holds the picture; none at the top."""
    return PurePosixPath(name).parent.name or None


def readable(name: str) -> str:
    """The name with a replacement character for each byte that is no UTF-8, safe to print."""
    return os.fsencode(name).decode("utf-8", "replace")
