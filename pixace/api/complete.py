"""Photos that a model has finished, as files: what `pixace complete` writes."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from pixace import ranges
from pixace.api import collage_files, places, single_pictures
from pixace.api.door import door
from pixace.api.photos import read
from pixace.api.trained import Trained
from pixace.arrays import Image
from pixace.errors import PixaceError
from pixace.images import layout
from pixace.images.collage import collage as laid_out
from pixace.images.png import save_png
from pixace.sampling.cut import parse_cut
from pixace.sampling.sampler import SamplingSettings, several_temperatures
from pixace.text import prompts

FEWER = f"ask for fewer samples, {collage_files.SINGLY}"


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
    strict: bool = False,
    progress: bool = False,
) -> dict[str, Any]:
    """Finishes photos and writes a collage; for the arrays see `Trained.complete`.

    One row per photo: the photo, its cut, then a column for each temperature and sample. Rows that
    are too many for one collage go on several, `out-2.png` and so on, each of which is complete in
    itself: it remembers its own photos.

    Args:
      photos: files.
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
      strict: raise the error of a bad photo instead of skipping it.
      progress: a live bar on stderr.

    Returns:
      What was done, as `--json` prints it; `pages` names all collages, `skipped` bad photos with
      their reasons, `unknown` words that had to be left out.

    Raises:
      ImageError: no photo could be read, or one could not and `strict` is set.
      PixaceError: there is no such run, a setting makes no sense, the model does not know what is
        asked for, or a file cannot be written.
    """
    place = places.checked(out if collage else None, each)
    files = [photos] if isinstance(photos, str | Path) else list(photos)
    place.refuse(files)
    trained = collage_files.drawer(run, root, dtype)
    temperatures = several_temperatures(temperature)
    asked = trained.prompt(text, classes, guidance)
    kept = parse_cut(str(cut), trained.sampler.tokenizer.length)  # before any photo is read
    settings = SamplingSettings(
        seed=seed, top_k=top_k, top_p=top_p, batch_size=batch_size, guidance=guidance
    )
    samples = ranges.plain(samples)
    if samples < 1:
        raise PixaceError("nothing to complete: at least one temperature and one sample")
    of_each = len(temperatures) * samples
    layout.refuse_many(max(1, len(files)) * of_each, trained.size)
    paged = partial(
        layout.pages, columns=2 + of_each, size=trained.size, scale=scale, instead=FEWER
    )
    if place.out:
        paged(1)
    found = read(files, trained.fitted, strict=strict)
    rows = paged(len(found.images)) if place.out else []
    pages = place.pages(len(rows))
    if len(pages) > 1:
        scale = 1  # and so it is remembered: a page alone might have room for more
    heads = [f"t = {warmth:g}" for warmth in temperatures for _ in range(samples)]
    look: dict[str, Any] = {
        "columns": 2 + of_each,
        "scale": scale,
        "smooth": smooth,
        "column_labels": ["photo", "kept", *heads],
        "title": asked.texts[0] if asked else None,
    }
    done = trained.sampler.complete(
        np.stack(found.images),
        kept,
        temperatures=temperatures,
        samples=samples,
        prefix=asked and asked.prefixes[0],
        settings=settings,
        progress=progress,
    )
    about = collage_files.about(
        trained,
        command="complete",
        **found.told(slice(None)),
        cut=str(cut),
        temperature=temperatures,
        samples=samples,
        **prompts.told(asked, guidance),
        seed=seed,
        top_k=top_k,
        top_p=top_p,
        scale=scale,
        smooth=smooth,
    )
    finished = done.finished.reshape(len(done.photos), of_each, *done.photos.shape[1:])
    for page, which in zip(pages, rows, strict=True):
        cells: list[Image] = []
        for photo, kept, several in zip(
            done.photos[which], done.cuts[which], finished[which], strict=True
        ):
            cells += [photo, kept, *several]
        labels = [Path(path).name for path in found.paths[which]]
        save_png(page, laid_out(cells, row_labels=labels, **look), about | found.told(which))
    if place.each:
        alone = finished.reshape(-1, *finished.shape[2:])
        photo_of = np.arange(len(alone)) // of_each
        told = [about | found.told(slice(i, i + 1)) for i in photo_of.tolist()]
        tokenizer = trained.sampler.tokenizer
        single_pictures.save(place.each, alone, told, tokenizer, scale=scale, smooth=smooth)
    written = {"pages": [str(page) for page in pages], "skipped": found.skipped}
    return about | collage_files.unknown(asked) | place.told | written
