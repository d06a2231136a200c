"""Pictures that pixace itself wrote, among a user's own: collages, samples, palettes, runs.

They are told by a mark (`pixace.images.marks`), which means opening files; so among a great many
only those are looked at that pixace may have named. The rest are looked at when they are read.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from pixace.images.marks import NUMBERED, is_marked
from pixace.storage.strangers import opened

WRITTEN = (".png", ".gif")
GIVEN = re.compile(
    r"(dreams|completions?|collage|report|palette|generated|samples?|film)(-\d+)?\.(png|gif)", re.I
)
MANY = 4096  # files; of fewer, all are looked at
RUN = "run.json"


class Kept(NamedTuple):
    """What is left of some pictures."""

    names: tuple[str, ...]
    unseen: bool  # some were not looked at


def without_own(root: Path, names: Sequence[str]) -> Kept:
    """Leaves out what pixace wrote; but where there is nothing else, that is what is meant.

    Args:
      root: the folder.
      names: paths of pictures from there, sorted.
    """
    written = [name for name in names if name[-4:].lower() in WRITTEN]
    looked = written if len(written) <= MANY else list(_likely(root, written))
    own = {name for name in looked if is_marked(root / name)}
    if own and all(name in own or is_marked(root / name) for name in names):
        return Kept(tuple(names), unseen=False)
    kept = tuple(name for name in names if name not in own)
    return Kept(kept, unseen=len(looked) < len(written))


def _likely(root: Path, names: Iterable[str]) -> Iterator[str]:
    """Those that pixace may have named. Of numbered ones in a folder all are its own, or none."""
    for _, group in groupby(names, key=lambda name: name.rpartition("/")[0]):
        numbered = []
        for name in group:
            file = name.rpartition("/")[2]
            if NUMBERED.fullmatch(file):
                numbered.append(name)
            elif GIVEN.fullmatch(file):
                yield name
        if numbered and is_marked(root / numbered[0]):
            yield from numbered


def is_run(folder: Path) -> bool:
    """Whether a folder with a `run.json` is a run of pixace's."""
    return names_tokenizer(folder / RUN)


def names_tokenizer(file: Path) -> bool:
    """Whether a file is the description of a run or of a token set: they name their tokenizer."""
    try:
        with opened(file) as found:
            return b'"tokenizer"' in found.read(1 << 16)
    except OSError:
        return False
