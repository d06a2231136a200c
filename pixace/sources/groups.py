"""Which pictures are near-duplicates of each other, by their names.

Sets of emoji draw each person in five skin tones, as a man, a woman and neither, with four hair
styles. If one of these is for training and the next for validation, validation only measures
memory. File names tell: Noto (`emoji_u1f468_1f3fb_200d_2695.png`), Twemoji and OpenMoji
(`1f468-1f3fb-200d-2695.png`) spell out the code points. Pictures share a group when they differ in

- skin tone, hair, gender sign, direction or the choice of a text or emoji style,
- man, woman or person, be it as themselves or in a profession,

and all couples and families are one group with the single adults. Bases of their own, such as
prince and princess, stay apart. A picture with any other name is a group of its own.
"""

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

SPELLED = re.compile(r"(emoji_u)?([0-9a-f]{2,6}(?:[_-][0-9a-f]{2,6})*)", re.IGNORECASE)

ZWJ = 0x200D
VARIANTS = {
    *range(0x1F3FB, 0x1F400),  # skin tones
    *(0xFE0E, 0xFE0F),  # drawn as text, drawn as emoji
    *(0x2640, 0x2642),  # female, male
    *range(0x1F9B0, 0x1F9B4),  # hair
    0x27A1,  # facing right
    ZWJ,
}
ADULTS = {0x1F468, 0x1F469, 0x1F9D1}
FAMILY = {
    *ADULTS,
    *(0x1F466, 0x1F467, 0x1F9D2),  # children
    *range(0x1F46A, 0x1F46E),  # family and couples in one code point
    *(0x1F48F, 0x1F491),  # kiss, couple with heart
    *(0x2764, 0x1F48B, 0x1F91D),  # what stands between two people: heart, kiss, joined hands
}


def group_of(name: str) -> str:
    """The group of a picture file, by its path."""
    points = code_points(PurePosixPath(name).stem)
    return emoji_group(points) if points else name


def code_points(stem: str) -> tuple[int, ...]:
    """The code points that a file name spells out; none if it is not the name of an emoji.

    Without Noto's prefix, one of them must be of the emoji planes or join others: 0001 and
    2024-05 are the names of photos.
    """
    match = SPELLED.fullmatch(stem)
    if not match:
        return ()
    points = tuple(int(point, 16) for point in re.split("[_-]", match[2]))
    sure = match[1] or any(0x1F000 <= p < 0x20000 or p in (ZWJ, 0xFE0F, 0x20E3) for p in points)
    return points if sure else ()


def emoji_group(points: Sequence[int]) -> str:
    """One name for all variants of an emoji, such as "emoji:person-2695"."""
    base = [point for point in points if point not in VARIANTS] or list(points)
    if base[0] in FAMILY - {0x2764, 0x1F48B, 0x1F91D} and FAMILY.issuperset(base):
        return "emoji:person"
    return "emoji:" + "-".join("person" if point in ADULTS else f"{point:x}" for point in base)
