"""New pictures of a model as files: what `pixace generate` writes."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pixace.api import collage_files, places, single_pictures
from pixace.api.collage_files import CollageSettings, Drawn, DrawnBy
from pixace.api.door import door
from pixace.api.model_pictures import tokens_for
from pixace.api.trained import Trained
from pixace.errors import PixaceError
from pixace.evaluation.novelty import Judge, Novelty
from pixace.images import layout
from pixace.images.collage import collage as laid_out
from pixace.images.gif import save_gif
from pixace.images.png import save_png
from pixace.runtime.printable import tell
from pixace.sampling.cut import blank_after
from pixace.sampling.sampler import SamplingSettings

if TYPE_CHECKING:
    from pixace.arrays import Tokens
    from pixace.tokenizers import Tokenizer

FRAMES = 64  # of a film
PICTURES = 64  # if nobody says how many
PICTURES_EACH = 8  # the same for each of several texts
FEWER = f"draw fewer, {collage_files.SINGLY}"


@dataclass(frozen=True, kw_only=True)
class GenerateSettings(CollageSettings):
    """What the pictures of `generate` depend on beside the model; the PNG remembers it.

    Attributes:
      n: pictures, of each text.
      temperature: 0 takes the likeliest colour each time, 1 samples the model as trained.
      novelty: copies of training pictures have a frame.
    """

    command = "generate"

    n: int
    temperature: float = 1.0
    novelty: bool = False

    def sampling(self, **own: Any) -> SamplingSettings:
        """How the sampler is to draw."""
        return super().sampling(temperature=self.temperature, **own)


@dataclass(frozen=True, kw_only=True)
class Generated(Drawn):
    """What `generate` has done.

    Attributes:
      novelty: how near the pictures are to training pictures, where that was asked for.
    """

    settings: GenerateSettings
    novelty: Novelty | None = None

    @property
    def remarks(self) -> list[str]:
        """How new the pictures are, where that was asked for."""
        return [str(self.novelty)] if self.novelty else []

    def as_dict(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return super().as_dict() | ({"copies": self.novelty.copies} if self.novelty else {})


@door("generate")
def generate(
    out: str | Path = "collage.png",
    *,
    n: int | None = None,
    text: str | Sequence[str] = (),
    classes: str | int | Sequence[str | int] = (),
    guidance: float = 1.0,
    run: str | Path | Trained | None = None,
    root: str | Path | None = None,
    dtype: str | None = None,
    seed: int = 0,
    temperature: float = 1.0,
    top_k: int = 0,
    top_p: float = 1.0,
    novelty: bool = False,
    batch_size: int = 64,
    scale: int | None = None,
    smooth: bool = False,
    collage: bool = True,
    each: str | Path | None = None,
    gif: str | Path | None = None,
    progress: bool = False,
) -> Generated:
    """Dreams up pictures and writes a collage; for the arrays see `Trained.generate`.

    Each of several texts or classes gets a row.

    Args:
      out: the collage, a PNG.
      n: pictures, of each text; None means 64, or 8 of each of several texts.
      text: what the pictures shall show, one or several, for a model trained with captions.
      classes: the same by labels of its training pictures.
      guidance: how much texts count: 1 draws as trained, 2 or 3 exaggerates, at twice the cost.
      run: name, folder or `.safetensors` file, or what `load` gave; None means the latest run.
      root: where runs live.
      dtype: of the products, `float32`, `bfloat16` or `auto`; None means the run's own. Another one
        draws other pictures, and says so.
      seed: same seed, same pictures.
      temperature: 0 takes the likeliest colour each time, 1 samples the model as trained.
      top_k: only the k likeliest colours; 0 for all.
      top_p: only the likeliest colours that together have this probability, in (0, 1].
      novelty: put a frame around copies of training pictures, which are nearer to one, beside the
        next ones, than 99 of 100 held-out pictures; the run's own pictures must be there.
      batch_size: pictures drawn at once.
      scale: pixels per pixel; None chooses, and takes less where the collage would be too large.
      smooth: enlarge smoothly instead of crisply.
      collage: write one; or else single pictures or a film alone.
      each: folder that gets every picture by itself, numbered; it has no numbered ones yet.
      gif: film of the pixels arriving.
      progress: a live bar on stderr.

    Returns:
      What was done; `unknown` names words that had to be left out.

    Raises:
      PixaceError: there is no such run, a setting makes no sense, the model does not know what is
        asked for, or a file cannot be written.
    """
    place = places.checked(out if collage else None, each, gif)
    trained = collage_files.model_of(run, root, dtype)
    settings = GenerateSettings(
        n=PICTURES if n is None else n,
        dtype=trained.dtype,
        guidance=guidance,
        seed=seed,
        temperature=temperature,
        top_k=top_k,
        top_p=top_p,
        novelty=novelty,
        scale=scale,
        smooth=smooth,
    )
    sampling = settings.sampling(batch_size=batch_size)
    asked = trained.prompts(text, classes, settings.guidance)
    settings = settings.following(asked)
    texts = asked.texts if asked else ()
    if n is None and len(texts) > 1:
        settings = replace(settings, n=PICTURES_EACH)
    if settings.n < 1:
        raise PixaceError(f"cannot generate {settings.n} pictures; ask for 1 or more")
    count, columns = settings.n * max(1, len(texts)), settings.n if len(texts) > 1 else None
    look: dict[str, Any] = {"columns": columns, "scale": settings.scale}
    layout.refuse_many(count, trained.size)
    if place.out or place.gif:
        sheet = layout.arranged(count, trained.size, **look, instead=FEWER)
        if place.gif:
            layout.refuse_film(sheet)
    look["smooth"] = smooth
    if len(texts) == 1:
        look["title"] = texts[0]
    elif texts:
        look["row_labels"] = texts
    judge = Judge.of(tokens_for(trained, None, progress=progress)[0]) if novelty else None
    tokenizer = trained.sampler.tokenizer
    done = Generated(
        model=DrawnBy.of(trained),
        settings=settings,
        place=place,
        unknown=asked and asked.unknown,
    )
    with _singly(done, tokenizer, count) as drawn:
        tokens = trained.sampler.generate_tokens(
            settings.n,
            sampling,
            prefixes=asked and asked.prefixes,
            progress=progress,
            drawn=drawn,
        )
    pictures = tokenizer.decode(tokens)
    if judge:
        found = judge.neighbours(pictures)
        look["framed"] = np.flatnonzero(judge.copies(found)).tolist()
        done = replace(done, novelty=judge.novelty(found))
    if place.out:
        save_png(place.out, laid_out(list(pictures), **look), done.memory)
    if place.gif:
        ends = np.linspace(0, tokenizer.length, FRAMES + 1).round().astype(int).tolist()
        frames = (tokenizer.decode(blank_after(tokens, end)) for end in ends)
        save_gif(place.gif, [laid_out(list(frame), **look) for frame in frames])
    return done


@contextmanager
def _singly(
    made: Generated, tokenizer: "Tokenizer", of: int
) -> Iterator[Callable[["Tokens"], None] | None]:
    """What writes single pictures as they are drawn: who stops keeps those that are there.

    Args:
      made: how, and into which folder; None writes none.
      tokenizer: whose colours they have.
      of: how many there will be.
    """
    folder, count = made.place.each, 0
    if not folder:
        yield None
        return

    def drawn(tokens: "Tokens") -> None:
        nonlocal count
        single_pictures.save(
            folder,
            tokenizer.decode(tokens),
            [made.memory] * len(tokens),
            tokenizer,
            scale=made.settings.scale,
            smooth=made.settings.smooth,
            first=count,
            of=of,
        )
        count += len(tokens)

    try:
        yield drawn
    except KeyboardInterrupt:
        tell(f"stopped: {count:,} of {of:,} pictures are in {folder}")
        raise
