"""Archives of kinds that are not read, by how they begin: what they are, and what to do."""

from pathlib import Path

from pixace.storage.strangers import opened

BEGINNINGS = (
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\x28\xb5\x2f\xfd", "packed with zstd"),
    (b"\x04\x22\x4d\x18", "packed with lz4"),
    (b"LZIP\x01", "packed with lzip"),
    (b"\x1f\x9d", "packed with compress"),
    (b"MSCF\0\0\0\0", "a cabinet (CAB)"),
    (b"xar!", "a xar archive"),
    (b"StuffIt", "a StuffIt archive"),
    (b"SIT!", "a StuffIt archive"),
    (b"070701", "a cpio archive"),
    (b"070707", "a cpio archive"),
    (b"!<arch>\n", "an ar archive"),
)
INNER = (  # (where, what, of what)
    (2, b"-lh", "an LHA archive"),
    (7, b"**ACE**", "an ACE archive"),
    (32769, b"CD001", "an image of a disc (ISO)"),
)
PARTIAL = (b"PK\x03\x04", b"PK\x07\x08PK")  # of zips; whole ones have a list at their end
STREAMS = (
    (b"\x1f\x8b", "packed with gzip"),
    (b"BZh", "packed with bzip2"),
    (b"\xfd7zXZ\0", "packed with xz"),
)
SEEN = 32774  # bytes


def unread(path: Path, *, archive: bool) -> str | None:
    """What is the matter with an archive that cannot be read and what to do about it, or None.

    Args:
      path: a file.
      archive: whether it looks like a zip or tar; nothing but zeros looks like a tar.

    Raises:
      OSError: the file cannot be read.
    """
    with opened(path) as file:
        head = file.read(SEEN)
    kinds = [kind for start, kind in BEGINNINGS if head.startswith(start)]
    kinds += [kind for where, start, kind in INNER if head[where:].startswith(start)]
    if kinds:
        return f"{kinds[0]}, which pixace does not read; unpack it and name the folder"
    if archive:
        return None
    if head.startswith(PARTIAL):
        return "a zip without its end: cut short, or the first of several parts; get it whole"
    for start, kind in STREAMS:
        if head.startswith(start):
            return f"{kind} and no tar, or cut short; unpack it and name what comes out"
    return None
