"""Where the token set of a run comes from, and the way back to it."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

from pixace import tokenizers
from pixace.data import token_cache, token_set
from pixace.data.preprocessing import Preprocessing
from pixace.data.token_set import TokenSet
from pixace.errors import ConfigError, RunError, SourceError, TokenError
from pixace.images.palette_png import palette_of
from pixace.runs.description import DataRecord, Description
from pixace.sources import Source
from pixace.sources.addresses import absolute


def restore(
    run: Path, description: Description, preprocessing: Preprocessing, *, progress: bool
) -> TokenSet:
    """The very token set that a run was begun with; made again by its settings if it is gone.

    Raises:
      RunError: it is gone, and so are the pictures; or they have changed.
    """
    data = description.data
    assert data.tokens is not None, "imported runs have been refused"
    place = Path(data.tokens)
    try:
        tokens = token_set.open_set(place)
    except TokenError:
        if token_set.is_set(place) and str(place) == data.named:
            raise  # the user's own, and damaged; one in the cache can be made again
        try:
            own = _resolved(preprocessing, description)
            tokens = token_cache.cached(
                preprocessing, data.named, labels=data.labels, progress=progress, resolved=own
            )
        except SourceError as why:
            if data.in_memory:
                raise RunError(
                    f"cannot go on with {run}: its token set {place} is gone, and its pictures "
                    f"({data.named}) were given in memory and must be given again, to a new run"
                ) from why
            raise RunError(
                f"cannot go on with {run}: its token set {place} is gone, and cannot be made "
                f"again ({why})"
            ) from why
    if _checksum(tokens) != data.checksum:
        raise RunError(
            f"the pictures of {data.named} have changed since this run began; train a new one"
        )
    return tokens


def _resolved(preprocessing: Preprocessing, description: Description) -> Preprocessing | None:
    """The settings, but with the palette that a run has learned; None for a codebook's.

    Its file may be gone, and pictures need not be looked through once more for what was found.
    """
    if description.is_codebook:
        return None
    spec, data = description.tokenizer or "", description.data
    palette = palette_of(tokenizers.by_spec(spec)) if spec.startswith("pixel ") else None
    if palette is None:
        return preprocessing
    background = "#{:02x}{:02x}{:02x}".format(*data.background)
    return replace(preprocessing, colors=palette.spec, background=background, fit=data.fit)


def refuse_imported(run: Path, data: DataRecord) -> None:
    """Refuses to go on with old weights.

    Raises:
      RunError: the run was imported.
    """
    if data.imported:
        raise RunError(
            f"{run} was imported: it can draw, but neither its pictures nor its optimizer's state "
            "came along to go on with; train a new run with: pixace train"
        )


def record(
    data: str | Path | Source,
    tokens: TokenSet,
    preprocessing: Preprocessing | None,
    *,
    labels: bool,
) -> DataRecord:
    """What a run's description says about its data.

    Args:
      data: what the user named.
      tokens: the token set.
      preprocessing: what made it; None if it was there already.
      labels: whether sub-folders were taken as labels.
    """
    header = tokens.header
    return DataRecord(
        named=absolute(data),
        fit=header.fit,
        background=header.background,
        alpha=header.alpha,
        in_memory=not isinstance(data, str | Path),
        labels=labels,
        tokens=str(tokens.path.resolve()),
        checksum=_checksum(tokens),
        train=len(tokens.split("train")),
        validation=len(tokens.split("validation")),
        pictures=None if preprocessing is None else asdict(preprocessing),
    )


def refuse_others(bindings: Sequence[str], tokens: TokenSet, *, labels: bool) -> None:
    """Refuses to say how pictures become tokens when they have done so.

    Raises:
      ConfigError: names the first contradiction.
    """
    lines = "\n".join(bindings).splitlines()
    names = [line.partition("=")[0].strip().removeprefix("pixace.") for line in lines]
    said = next((name for name in names if name.startswith("pictures.")), "labels" * labels)
    if said:
        raise ConfigError(
            f"{tokens.path} is a token set already ({tokens.tokenizer.spec}); leave out "
            f"{said}, or name the pictures instead of the token set"
        )


def _checksum(tokens: TokenSet) -> str:
    """One for all of a token set's files."""
    every = [file.sha256 for file in tokens.header.files]
    return hashlib.sha256(" ".join(every).encode()).hexdigest()
