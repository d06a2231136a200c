"""Token sets that are made once: kept in the user's cache under all that decides their tokens."""

import hashlib
from dataclasses import asdict
from pathlib import Path

from pixace.data import palette_fitting, token_set, tokenization, validation_split
from pixace.data.preprocessing import Preprocessing
from pixace.data.token_set import TokenSet
from pixace.data.token_set_header import FORMAT
from pixace.data.token_set_summary import tell_skipped
from pixace.errors import ImageError, PixaceError, TokenError
from pixace.images.loader import FITTING, READING
from pixace.sources import Data, Source, open_source
from pixace.sources.addresses import stem
from pixace.sources.sidecar import TELLING
from pixace.storage import cache_dir
from pixace.storage.atomic import discard

WAY = f"{FORMAT} {FITTING} {READING} {TELLING} {validation_split.VERSION}"  # by which they are made


def cached(
    settings: Preprocessing,
    data: Data,
    *,
    labels: bool = False,
    strict: bool = False,
    progress: bool = False,
    resolved: Preprocessing | None = None,
) -> TokenSet:
    """The token set of a source, made now unless it was made before; see `tokenization.build`.

    A damaged one is made again, and of two processes that make one, the first is obeyed.

    Args:
      settings: how pictures become tokens.
      data: the pictures, as `open_source` takes them.
      labels: take sub-folders as labels.
      strict: stop at a picture that cannot be read, or could not.
      progress: show bars, and tell what was found.
      resolved: what the settings become for these pictures, if that is known already.

    Raises:
      PixaceError: as `tokenization.build`, or the cache cannot be written.
    """
    source = open_source(data, labels=labels, tiles=settings.tiles)
    named = stem(data if isinstance(data, str | Path) else source)
    digest = _digest(settings, source, labels, resolved)
    place = cache_dir.folder() / "tokens" / f"{named}-{digest}"
    if token_set.is_set(place):
        try:
            found = token_set.open_set(place)
        except TokenError:
            discard(place)
        else:
            if strict and found.header.skipped:
                raise ImageError(found.header.skipped_first[0])
            if progress:
                tell_skipped(found)
            return found
    cache_dir.made("tokens")
    try:
        return tokenization.build(
            settings, source, place, strict=strict, progress=progress, resolved=resolved
        )
    except PixaceError:
        if token_set.is_set(place):  # another process has just made it
            return token_set.open_set(place)
        raise


def _digest(
    settings: Preprocessing, source: Source, labels: bool, resolved: Preprocessing | None
) -> str:
    """Sixteen hexadecimal digits of all that decides the tokens.

    Colours that are found in the pictures are decided by these and by the way to find them, so
    that nobody need look for them to know that they were found.
    """
    fitted = palette_fitting.is_fitted(settings.colors) and resolved is None
    colored = palette_fitting.VERSION if fitted else (resolved or settings).tokenizer().spec
    identity = repr((source.fingerprint(), WAY, labels, asdict(settings), colored))
    return hashlib.sha256(identity.encode()).hexdigest()[:16]
