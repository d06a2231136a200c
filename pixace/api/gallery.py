"""Pictures of a model as files: what `pixace generate` and `pixace complete` write.

Every PNG remembers the model, the seed and all settings that its pixels depend on, so that
`encore.again` can make it once more.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from pixace import __version__, ranges
from pixace.api import places, single_pictures
from pixace.api.photos import read
from pixace.api.trained import Trained, load
from pixace.arrays import Image
from pixace.errors import PixaceError
from pixace.images import layout
from pixace.images.collage import collage as laid_out
from pixace.images.collage import save_gif, save_png
from pixace.runtime.printable import tell
from pixace.sampling.cut import blank_after, parse_cut
from pixace.sampling.sampler import SamplingSettings, several_temperatures
from pixace.text import prompts
from pixace.text.prompts import Prompts

FRAMES = 64  # of a film
PICTURES = 64  # if nobody says how many
PICTURES_EACH = 8  # the same for each of several texts
FEWER, FEWER_SAMPLES = (
    f"{less}, or write each by itself, with --each FOLDER --no-collage"
    for less in ("draw fewer", "ask for fewer samples")
)


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
    batch_size: int = 64,
    scale: int | None = None,
    smooth: bool = False,
    collage: bool = True,
    each: str | Path | None = None,
    gif: str | Path | None = None,
    progress: bool = False,
) -> dict[str, Any]:
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
      batch_size: pictures drawn at once.
      scale: pixels per pixel; None chooses, and takes less where the collage would be too large.
      smooth: enlarge smoothly instead of crisply.
      collage: write one; or else single pictures or a film alone.
      each: folder that gets every picture by itself, numbered; it has no numbered ones yet.
      gif: film of the pixels arriving.
      progress: a live bar on stderr.

    Returns:
      What was done, as `--json` prints it; `unknown` names words that had to be left out.

    Raises:
      PixaceError: there is no such run, a setting makes no sense, the model does not know what is
        asked for, or a file cannot be written.
    """
    place = places.checked(out if collage else None, each, gif)
    trained = _of_type(run if isinstance(run, Trained) else load(run, root=root), dtype)
    settings = SamplingSettings(seed, temperature, top_k, top_p, batch_size, guidance)
    asked = trained.prompts(text, classes, guidance)
    texts = asked.texts if asked else ()
    if n is None:
        n = PICTURES if len(texts) < 2 else PICTURES_EACH
    if n < 1:
        raise PixaceError(f"cannot generate {n} pictures; ask for 1 or more")
    count, columns = n * max(1, len(texts)), n if len(texts) > 1 else None
    layout.refuse_many(count, trained.size)
    if place.out or place.gif:
        sheet = layout.arranged(count, trained.size, columns=columns, scale=scale, instead=FEWER)
        if place.gif:
            layout.refuse_film(sheet)
    look: dict[str, Any] = {"columns": columns, "scale": scale, "smooth": smooth}
    if len(texts) == 1:
        look["title"] = texts[0]
    elif texts:
        look["row_labels"] = texts
    tokens = trained.sampler.generate_tokens(
        n, settings, prefixes=asked and asked.prefixes, progress=progress
    )
    tokenizer = trained.sampler.tokenizer
    pictures = tokenizer.decode(tokens)
    about = _about(
        trained,
        command="generate",
        n=n,
        **prompts.told(asked, guidance),
        seed=seed,
        temperature=temperature,
        top_k=top_k,
        top_p=top_p,
        scale=scale,
        smooth=smooth,
    )
    if place.out:
        save_png(place.out, laid_out(list(pictures), **look), about)
    if place.each:
        told = [about] * len(pictures)
        single_pictures.save(place.each, pictures, told, tokenizer, scale=scale, smooth=smooth)
    if place.gif:
        ends = np.linspace(0, tokenizer.length, FRAMES + 1).round().astype(int)
        frames = (tokenizer.decode(blank_after(tokens, end)) for end in ends)
        save_gif(place.gif, [laid_out(list(frame), **look) for frame in frames])
    return about | _unknown(asked) | place.told


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
    trained = _of_type(run if isinstance(run, Trained) else load(run, root=root), dtype)
    temperatures = several_temperatures(temperature)
    asked = trained.prompt(text, classes, guidance)
    kept = parse_cut(str(cut), trained.sampler.tokenizer.length)  # before any photo is read
    settings = SamplingSettings(seed, 1.0, top_k, top_p, batch_size, guidance)
    samples = ranges.plain(samples)
    if samples < 1:
        raise PixaceError("nothing to complete: at least one temperature and one sample")
    of_each = len(temperatures) * samples
    layout.refuse_many(max(1, len(files)) * of_each, trained.size)
    paged = partial(
        layout.pages, columns=2 + of_each, size=trained.size, scale=scale, instead=FEWER_SAMPLES
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
    about = _about(
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
    return about | _unknown(asked) | place.told | written


def _unknown(asked: Prompts | None) -> dict[str, Any]:
    return {"unknown": list(asked.unknown)} if asked else {}


def _of_type(trained: Trained, dtype: str | None) -> Trained:
    """The model as it computes in another type, if one is named; a type not its own is said."""
    trained = trained if dtype is None else trained.of_type(dtype)
    own = trained.description.dtype
    if trained.dtype != own:
        tell(
            f"drawn in {trained.dtype}, where {trained.description.name} was trained in {own} and "
            "draws other pictures in that"
        )
    return trained


def _about(trained: Trained, **settings: Any) -> dict[str, Any]:
    """What a picture's file says about it: the model that drew it, and how."""
    model = trained.description
    return {
        "pixace": __version__,
        "run": str(trained.path.resolve()),
        "created": model.created,
        "step": model.step,
        "dtype": trained.dtype,
        **settings,
    }
