"""Photos that a model has finished, as files: what `pixace complete` writes."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from pixace.api import collage_files, places, single_pictures
from pixace.api.collage_files import CollageSettings, Drawn, DrawnBy
from pixace.api.door import door
from pixace.api.photos import PhotoFiles, read
from pixace.api.trained import Trained
from pixace.arrays import Image, Images, PrefixIds
from pixace.errors import PixaceError
from pixace.evaluation import surprise
from pixace.evaluation.likelihood import costs_of_tokens
from pixace.images import layout
from pixace.images.collage import collage as laid_out
from pixace.images.png import save_png
from pixace.runtime import precision
from pixace.sampling.cut import kept_pixels, parse_cut
from pixace.sampling.sampler import Completions, several_temperatures

FEWER = f"ask for fewer samples, {collage_files.SINGLY}"


@dataclass(frozen=True, kw_only=True)
class CompleteSettings(CollageSettings):
    """What the pictures of `complete` depend on beside model and photos; the PNG remembers it.

    Attributes:
      cut: pixels kept, or a share such as `50%`.
      temperature: one for each group of columns.
      samples: columns per temperature.
    """

    command = "complete"

    cut: str = "50%"
    temperature: list[float]
    samples: int = 4


@dataclass(frozen=True, kw_only=True)
class Completed(Drawn):
    """What `complete` has done.

    Attributes:
      photos: those that were finished.
      pages: all collages.
      skipped: photos that could not be read, each with the reason.
    """

    settings: CompleteSettings
    photos: PhotoFiles
    pages: list[Path]
    skipped: list[str]

    def memory_of(self, which: slice) -> dict[str, Any]:
        """What a PNG of some of the photos says about how it was made."""
        return self.memory | asdict(self.photos[which])

    @property
    def where(self) -> str:
        """Where the pictures went, for people: the collage with its pages, or the folder."""
        return super().where + f" to {self.pages[-1]}" * (len(self.pages) > 1)

    def as_dict(self) -> dict[str, Any]:
        """As `--json` prints it."""
        written = {"pages": [str(page) for page in self.pages], "skipped": self.skipped}
        return super().as_dict() | asdict(self.photos) | written


@door("complete")
def complete(
    photos: Sequence[str | Path],
    out: str | Path = "completions.png",
    *,
    cut: int | str = "50%",
    temperature: float | Sequence[float] = 1.0,
    samples: int = 4,
    text: str | None = None,
    classes: str | int | None = None,
    guidance: float = 1.0,
    run: str | Path | Trained | None = None,
    root: str | Path | None = None,
    dtype: str | None = None,
    seed: int = 0,
    top_k: int = 0,
    top_p: float = 1.0,
    batch_size: int = 64,
    scale: int | None = None,
    smooth: bool = False,
    collage: bool = True,
    each: str | Path | None = None,
    paste: str | Path | None = None,
    maps: str | Path | None = None,
    strict: bool = False,
    allow_private: bool = False,
    progress: bool = False,
) -> Completed:
    """Finishes photos and writes a collage; for the arrays see `Trained.complete`.

    One row per photo: the photo, its cut, then a column for each temperature and sample. Rows that
    are too many for one collage go on several, `out-2.png` and so on, each of which is complete in
    itself: it remembers its own photos.

    Args:
      photos: files, or addresses on the web, https://….
      out: the collage, a PNG.
      cut: pixels to keep, or a share such as `50%`.
      temperature: one, or several for as many groups of columns.
      samples: columns per temperature.
      text: what the pictures shall show, for a model trained with captions.
      classes: the same by a label of its training pictures.
      guidance: how much that counts: 1 draws as trained, 2 or 3 exaggerates, at twice the cost.
      run: name, folder or `.safetensors` file, or what `load` gave; None means the latest run.
      root: where runs live.
      dtype: of the products, `float32`, `bfloat16` or `auto`; None means the run's own. Another one
        draws other pictures, and says so.
      seed: same seed, same completions.
      top_k: only the k likeliest colours; 0 for all.
      top_p: only the likeliest colours that together have this probability, in (0, 1].
      batch_size: pictures drawn at once.
      scale: pixels per pixel; None chooses, and takes less where the collage would be too large.
      smooth: enlarge smoothly instead of crisply.
      collage: write one; or else single pictures alone.
      each: folder that gets every completion by itself, numbered row by row; it has no numbered
        pictures yet.
      paste: folder that gets every completion in its photo, numbered likewise: as much of the photo
        as the model saw, in the photo's own size, with what was kept as it was.
      maps: a PNG of every completion, and below each the bits that its pixels cost the model.
      strict: raise the error of a bad photo instead of skipping it.
      allow_private: fetch addresses on this machine and in the local network, too.
      progress: a live bar on stderr.

    Returns:
      What was done; `pages` names all collages, `skipped` bad photos with their reasons, `unknown`
      words that had to be left out.

    Raises:
      ImageError: no photo could be read, or one could not and `strict` is set.
      PixaceError: there is no such run, a setting makes no sense, the model does not know what is
        asked for, or a file cannot be written.
    """
    place = places.checked(out if collage else None, each, paste=paste, maps=maps)
    files = [photos] if isinstance(photos, str | Path) else list(photos)
    place.refuse(files)
    trained = collage_files.model_of(run, root, dtype)
    settings = CompleteSettings(
        dtype=trained.dtype,
        guidance=guidance,
        seed=seed,
        cut=str(cut),
        temperature=several_temperatures(temperature),
        samples=samples,
        top_k=top_k,
        top_p=top_p,
        scale=scale,
        smooth=smooth,
    )
    sampling = settings.sampling(batch_size=batch_size)
    asked = trained.prompt(text, classes, settings.guidance)
    settings = settings.following(asked)
    tokenizer = trained.sampler.tokenizer
    kept = parse_cut(settings.cut, tokenizer.length)  # before any photo is read
    if settings.samples < 1:
        raise PixaceError("nothing to complete: at least one temperature and one sample")
    of_each = len(settings.temperature) * settings.samples
    layout.refuse_many(max(1, len(files)) * of_each, trained.size)
    paged = partial(
        layout.pages,
        columns=2 + of_each,
        size=trained.size,
        scale=settings.scale,
        instead=FEWER,
    )
    if place.out:
        paged(1)
    found = read(files, trained.fitted, strict=strict, allow_private=allow_private)
    rows = paged(len(found.images)) if place.out else []
    pages = place.pages(len(rows))
    if len(pages) > 1:  # and so it is remembered: a page alone might have room for more
        settings = replace(settings, scale=1)
    finished = trained.sampler.complete(
        np.stack(found.images),
        kept,
        temperatures=settings.temperature,
        samples=settings.samples,
        prefix=asked and asked.prefixes[0],
        settings=sampling,
        progress=progress,
    )
    done = Completed(
        model=DrawnBy.of(trained),
        settings=settings,
        place=place,
        unknown=asked and asked.unknown,
        photos=found.files,
        pages=pages,
        skipped=found.skipped,
    )
    title = asked.texts[0] if asked else None
    for page, which in zip(pages, rows, strict=True):
        save_png(page, _sheet(finished, done, which, title), done.memory_of(which))
    memories = [done.memory_of(slice(i, i + 1)) for i in range(len(found.images))]
    alone = finished.finished.reshape(-1, *finished.photos.shape[1:])
    if place.maps:
        _save_maps(place.maps, trained, alone, asked and asked.prefixes[0])
    if place.each:
        of_photos = [memory for memory in memories for _ in range(of_each)]
        single_pictures.save(
            place.each, alone, of_photos, tokenizer, scale=settings.scale, smooth=smooth
        )
    if place.paste:
        seen, data = kept_pixels(tokenizer, kept), trained.description.data
        several = finished.finished.reshape(len(memories), of_each, *finished.photos.shape[1:])
        single_pictures.paste(place.paste, found.raw, several, memories, seen, data)
    return done


def _save_maps(path: Path, trained: Trained, pictures: Images, prefix: PrefixIds | None) -> None:
    """Pictures, and what each of their pixels costs."""
    sampler = trained.sampler
    nats = costs_of_tokens(
        sampler.model,
        sampler.weights,
        sampler.tokenizer,
        sampler.tokenizer.encode(pictures),
        prefix,
        dtype=precision.by_name(trained.dtype),
    )
    save_png(path, surprise.figure(pictures, surprise.maps(nats, sampler.tokenizer)))


def _sheet(finished: Completions, done: Completed, which: slice, title: str | None) -> Image:
    """A collage of some of the photos, a row for each."""
    settings = done.settings
    cells: list[Image] = []
    for photo, cut, several in zip(
        finished.photos[which], finished.cuts[which], finished.finished[which], strict=True
    ):
        cells += [photo, cut, *several.reshape(-1, *photo.shape)]
    heads = [f"t = {each:g}" for each in settings.temperature for _ in range(settings.samples)]
    return laid_out(
        cells,
        columns=2 + len(heads),
        scale=settings.scale,
        smooth=settings.smooth,
        column_labels=["photo", "kept", *heads],
        row_labels=[Path(path).name for path in done.photos.photos[which]],
        title=title,
    )
