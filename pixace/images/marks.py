"""By what pictures that pixace itself has written are known, without decoding them.

A PNG has a text under the keyword `pixace`, ahead of its pixels, and a GIF a comment that says so.
"""

import re
from pathlib import Path

from pixace.storage.strangers import opened

KEY = "pixace"  # of the PNG text chunk that holds the description
COMMENT = KEY.encode()  # of a GIF

PNG, GIF = b"\x89PNG\r\n\x1a\n", b"GIF8"
HEADER = len(PNG) + 25  # bytes of a PNG before the first chunk behind its header
TEXT = b"iTXt" + KEY.encode() + b"\0"
NUMBERED = re.compile(r"\d+\.png", re.ASCII | re.IGNORECASE)  # pictures by themselves
SEEN = 2048  # bytes; a GIF's comment follows a palette of at most 768


def is_marked(path: Path) -> bool:
    """Whether a file is a picture that pixace wrote; one that cannot be read is not."""
    try:
        with opened(path) as file:
            return is_marked_head(file.read(SEEN))
    except (OSError, ValueError):
        return False


def is_marked_head(head: bytes) -> bool:
    """The same of a file that begins with these bytes."""
    if head.startswith(PNG):
        return head[HEADER + 4 :].startswith(TEXT)
    return head.startswith(GIF) and b"\x21\xfe" + bytes([len(COMMENT)]) + COMMENT in head
