"""The pictures of a source, as the settings want them: a whole token set, or a few to look at."""

from pathlib import Path

from pixace.arrays import Images
from pixace.data import palette_fitting, token_set_writer
from pixace.data.parallel_encoding import Encoder
from pixace.data.preprocessing import Preprocessing
from pixace.data.splits import Survey
from pixace.data.token_set import TokenSet
from pixace.data.token_set_summary import tell_found, tell_skipped
from pixace.errors import SourceError, TokenError
from pixace.images import loader
from pixace.sources import Source, limited
from pixace.spacing import evenly
from pixace.tokenizers.raw import RawTokenizer


def build(
    settings: Preprocessing,
    source: Source,
    out: Path,
    *,
    validation: Source | None = None,
    strict: bool = False,
    workers: int | None = None,
    progress: bool = False,
    resolved: Preprocessing | None = None,
) -> TokenSet:
    """Makes a token set of all pictures of a source; see `token_set_writer.write`.

    Args:
      settings: how pictures become tokens, and how many are held out.
      source: the pictures.
      out: the folder to make.
      validation: a source of its own for the validation pictures.
      strict: stop at the first picture that cannot be read.
      workers: processes; None takes all cores, and just this process for small sources.
      progress: show bars on stderr, if that is a terminal, and tell what was found.
      resolved: what the settings become for these pictures, if that is known already.

    Raises:
      TokenError: `out` exists.
      PixaceError: a setting makes no sense, or the pictures do not suit it; and as `write`.
    """
    if out.exists():
        raise TokenError(f"{out} exists already; choose another name or remove it")
    loader.check(settings.fit, settings.alpha)
    survey = Survey(
        limited(source, settings.limit),
        validation and limited(validation, settings.limit),
        settings.validation_fraction,
    )
    own = resolved or palette_fitting.resolved(settings, survey, progress=progress)
    made = token_set_writer.write(
        survey,
        out,
        own.tokenizer(),
        fit=own.fit,
        background=own.rgb,
        alpha=own.alpha,
        exact=settings.exact,
        strict=strict,
        workers=workers,
        progress=progress,
    )
    if progress:
        tell_skipped(made)
        tell_found(made)
    return made


def sample(settings: Preprocessing, source: Source, limit: int) -> Images:
    """At most `limit` pictures, taken evenly from a source; unreadable ones are left out.

    Args:
      settings: how they are fitted; with colours that need no pictures any more.
      source: where they are.
      limit: how many to try.

    Raises:
      SourceError: none of them can be read.
    """
    raw = RawTokenizer(settings.tokenizer().size)
    read = Encoder(source, raw, settings.fit, settings.rgb, settings.alpha)
    chunk = read(evenly(len(source), limit))
    if not chunk.rows:
        raise SourceError(f"no picture of {source.spec} can be read; the first: {chunk.bad[0]}")
    return raw.decode(chunk.tokens)
