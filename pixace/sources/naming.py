"""Which files of a folder or an archive are tried as pictures, and what their names tell."""

import os
from pathlib import PurePosixPath

# Tried are all files but these. A suffix says little: pictures come with none or a wrong one, but
# nobody's holiday photos end in .txt.
NEVER_PICTURES = frozenset(
    f".{suffix}"
    for suffix in (
        "aac avi bin bz2 c cfg conf cpp css csv dat db doc docx flac gin gz h htm html ini ipynb "
        "java js json jsonl lnk log m4a m4v md mkv mov mp3 mp4 npy npz odt ogg onnx parquet pdf "
        "pickle pkl ppt pptx pt pth py rar rst safetensors sh sqlite svg tar tex tfrecord tgz toml "
        "ts tsv ttf txt wav webm xls xlsx xml xz yaml yml zip zst 7z"
    ).split()
)


def may_be_picture(name: str) -> bool:
    """Whether a path, relative and with slashes, is worth a try; hidden files are not."""
    path = PurePosixPath(name)
    hidden = any(part.startswith(".") or part == "__MACOSX" for part in path.parts)
    return not hidden and path.suffix.lower() not in NEVER_PICTURES


def folder_label(name: str) -> str | None:
    """The name of the folder that holds the picture; none at the top."""
    return PurePosixPath(name).parent.name or None


def readable(name: str) -> str:
    """The name with a replacement character for each byte that is no UTF-8, safe to print."""
    return os.fsencode(name).decode("utf-8", "replace")
