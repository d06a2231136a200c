"""Opens what the user names: a path, a built-in source, TFDS, or pictures in a program's hands.

What reads the many kinds of files is loaded when a file is opened: to draw takes none of it.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pixace.errors import MissingError, PixaceError, SourceError
from pixace.images.loader import parse_size
from pixace.sources.digits import open_digits
from pixace.sources.emoji import open_emoji
from pixace.sources.source import Source
from pixace.sources.tfds import PREFIX, open_tfds
from pixace.storage.atomic import expanded

# What pictures may be given as; see `open_source`.
Data = str | Path | Source | np.ndarray | Sequence[Any]
BUILTIN: dict[str, Callable[[], Source]] = {"digits": open_digits, "emoji": open_emoji}


def open_source(spec: Data, labels: bool = False, tiles: str | int | None = None) -> Source:
    """Opens what the user names: a path, the name of a built-in source, or `tfds:NAME`.

    A program may also give pictures themselves, as `memory.open_memory` takes them.

    Built-in names win over files of the same name; `./digits` is the file. Content decides before
    the suffix does. `FILE.npz#ARRAY` names one array of several, `FILE.csv#COLUMN` the column of
    paths; `FILE.zip#ENCODING` says how the names in an archive are encoded, where they don't say
    it themselves.

    Args:
      spec: the name, or the pictures; a source is given back as it is.
      labels: label the pictures of folders and archives with the folder that holds them. Where
        labels are part of the data they are always there.
      tiles: cut each picture into tiles of this size, as `loader.parse_size` reads it.

    Raises:
      SourceError: there is no such thing, it is of no known kind, broken or empty.
      MissingError: it needs a package or font that is not installed.
    """
    if tiles is not None:
        from pixace.sources.tiles import Tiles

        return Tiles(open_source(spec, labels), parse_size(str(tiles)))
    if isinstance(spec, Source):
        return spec
    if not isinstance(spec, str | Path):
        from pixace.sources.memory import open_memory

        return open_memory(spec, labels)
    if spec in BUILTIN:
        return BUILTIN[str(spec)]()
    if str(spec).startswith(PREFIX):
        return open_tfds(str(spec))
    from pixace.sources.paths import open_path

    try:
        return open_path(expanded(spec), labels, builtin=BUILTIN)
    except (SourceError, MissingError):
        raise
    except (OSError, RuntimeError, PixaceError) as why:  # no permission, a name too long, no home
        raise SourceError(f"cannot open {spec}: {getattr(why, 'strerror', why) or why}") from why
