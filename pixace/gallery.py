"""Pictures of a model as files: what `pixace generate` and `pixace complete` write.

Every PNG remembers the model, the seed and all settings that its pixels depend on, so that
`encore.again` can make it once more.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as Pillow

from pixace import __version__
from pixace.arrays import Image
from pixace.collage import collage, save_gif, save_png
from pixace.cuts import blank_after, parse_cut
from pixace.errors import ImageError, PixaceError
from pixace.pixelart import palette_of, save_picture
from pixace.prompts import Prompts
from pixace.sampling import Settings
from pixace.trained import Trained, load, several_temperatures

FRAMES = 64  # of a film
PICTURES = 64  # if nobody says how many
PICTURES_EACH = 8  # the same for each of several texts


def generate(
    out: str | Path = "collage.png",
    *,
    n: int | None = None,
    text: str | Sequence[str] = (),
    classes: str | int | Sequence[str | int] = (),
    guidance: float = 1.0,
    run: str | Path | Trained | None = None,
    root: str | Path | None = None,
    seed: int = 0,
    temperature: float = 1.0,
    top_k: int = 0,
    top_p: float = 1.0,
    batch_size: int = 64,
    scale: int | None = None,
    smooth: bool = False,
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
      seed: same seed, same pictures.
      temperature: 0 takes the likeliest colour each time, 1 samples the model as trained.
      top_k: only the k likeliest colours; 0 for all.
      top_p: only the likeliest colours that together have this probability, in (0, 1].
      batch_size: pictures drawn at once.
      scale: pixels per pixel; None chooses.
      smooth: enlarge smoothly instead of crisply.
      each: folder that gets every picture by itself as well.
      gif: film of the pixels arriving.
      progress: a live bar on stderr.

    Returns:
      What was done, as `--json` prints it; `unknown` names words that had to be left out.

    Raises:
      PixaceError: there is no such run, a setting makes no sense, the model does not know what is
        asked for, or a file cannot be written.
    """
    check_name(out, ".png")
    if gif is not None:
        check_name(gif, ".gif")
    trained = run if isinstance(run, Trained) else load(run, root=root)
    settings = Settings(seed, temperature, top_k, top_p, batch_size, guidance)
    asked = trained.prompts(text, classes, guidance)
    texts = asked.texts if asked else ()
    if n is None:
        n = PICTURES if len(texts) < 2 else PICTURES_EACH
    if n < 1:
        raise PixaceError(f"cannot generate {n} pictures; ask for 1 or more")
    layout: dict[str, Any] = {"scale": scale}
    if len(texts) == 1:
        layout["title"] = texts[0]
    elif texts:
        layout |= {"columns": n, "row_labels": texts}
    _refuse_too_large(n * max(1, len(texts)), trained, **layout)
    tokens = trained.sampler.generate_tokens(
        n, settings, prefixes=asked and asked.prefixes, progress=progress
    )
    tokenizer = trained.sampler.tokenizer
    pictures = tokenizer.decode(tokens)
    about = _about(
        trained,
        command="generate",
        n=n,
        **_wish(text, classes, guidance),
        seed=seed,
        temperature=temperature,
        top_k=top_k,
        top_p=top_p,
        scale=scale,
        smooth=smooth,
    )
    save_png(Path(out), collage(list(pictures), smooth=smooth, **layout), about)
    if each is not None:
        for number, picture in enumerate(pictures):
            path = Path(each) / f"{number:04d}.png"
            _save_alone(path, picture, trained, scale, smooth, about | {"picture": number})
    if gif is not None:
        ends = np.linspace(0, tokenizer.length, FRAMES + 1).round().astype(int)
        frames = (tokenizer.decode(blank_after(tokens, end)) for end in ends)
        save_gif(Path(gif), [collage(list(frame), smooth=smooth, **layout) for frame in frames])
    return about | _unknown(asked) | {"out": str(out)}


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
    seed: int = 0,
    top_k: int = 0,
    top_p: float = 1.0,
    batch_size: int = 64,
    scale: int | None = None,
    smooth: bool = False,
    each: str | Path | None = None,
    strict: bool = False,
    progress: bool = False,
) -> dict[str, Any]:
    """Finishes photos and writes a collage; for the arrays see `Trained.complete`.

    One row per photo: the photo, its cut, then a column for each temperature and sample.

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
      seed: same seed, same completions.
      top_k: only the k likeliest colours; 0 for all.
      top_p: only the likeliest colours that together have this probability, in (0, 1].
      batch_size: pictures drawn at once.
      scale: pixels per pixel; None chooses.
      smooth: enlarge smoothly instead of crisply.
      each: folder that gets every completion by itself as well, numbered row by row.
      strict: raise the error of a bad photo instead of skipping it.
      progress: a live bar on stderr.

    Returns:
      What was done, as `--json` prints it; `skipped` names bad photos with their reasons, `unknown`
      words that had to be left out.

    Raises:
      ImageError: no photo could be read, or one could not and `strict` is set.
      PixaceError: there is no such run, a setting makes no sense, the model does not know what is
        asked for, or a file cannot be written.
    """
    check_name(out, ".png")
    trained = run if isinstance(run, Trained) else load(run, root=root)
    temperatures = several_temperatures(temperature)
    asked = trained.prompt(text, classes, guidance)
    parse_cut(str(cut), trained.sampler.tokenizer.length)  # before any photo is read
    fitted, named, skipped = [], [], []
    for photo in [photos] if isinstance(photos, str | Path) else photos:
        try:
            if Path(photo).is_dir():
                raise ImageError(f"{photo} is a folder; name the pictures, such as {photo}/*.jpg")
            fitted.append(trained.fitted(photo))
            named.append(str(photo))
        except ImageError as why:
            if strict:
                raise
            skipped.append(str(why))
    if not fitted:
        raise ImageError(f"no photo to complete: {'; '.join(skipped) or 'none was named'}")
    heads = [f"t = {warmth:g}" for warmth in temperatures for _ in range(samples)]
    layout: dict[str, Any] = {
        "columns": 2 + len(heads),
        "scale": scale,
        "row_labels": [Path(name).name for name in named],
        "column_labels": ["photo", "kept", *heads],
        "title": asked.texts[0] if asked else None,
    }
    _refuse_too_large(len(named) * (2 + len(heads)), trained, **layout)
    done = trained.complete(
        fitted,
        cut=cut,
        temperature=temperatures,
        samples=samples,
        text=asked and asked.known[0],  # `_unknown` tells of the rest
        guidance=guidance,
        seed=seed,
        top_k=top_k,
        top_p=top_p,
        batch_size=batch_size,
        progress=progress,
    )
    cells: list[Image | None] = []
    for photo, kept, finished in zip(done.photos, done.cuts, done.finished, strict=True):
        cells += [photo, kept, *finished.reshape(-1, *photo.shape)]
    about = _about(
        trained,
        command="complete",
        photos=named,
        cut=str(cut),
        temperature=temperatures,
        samples=samples,
        **_wish(text, classes, guidance),
        seed=seed,
        top_k=top_k,
        top_p=top_p,
        scale=scale,
        smooth=smooth,
    )
    save_png(Path(out), collage(cells, smooth=smooth, **layout), about)
    if each is not None:
        alone = done.finished.reshape(-1, *done.photos.shape[1:])
        for number, picture in enumerate(alone):
            path = Path(each) / f"{number:04d}.png"
            _save_alone(path, picture, trained, scale, smooth, about | {"picture": number})
    return about | _unknown(asked) | {"out": str(out), "skipped": skipped}


def check_name(out: str | Path, suffix: str) -> None:
    """Refuses early what would fail late: a folder, or a name of another kind of file.

    Raises:
      PixaceError: it is one of these.
    """
    path = Path(out)
    if path.is_dir():
        raise PixaceError(f"{path} is a folder; name a file in it, such as {path / ('a' + suffix)}")
    if path.suffix.lower() != suffix:
        raise PixaceError(f"cannot write {path}: its name must end in {suffix}")


def _save_alone(
    path: Path, picture: Image, trained: Trained, scale: int | None, smooth: bool, about: dict
) -> None:
    """Writes one picture by itself; with its palette and transparency, if it has them."""
    palette, scale = palette_of(trained.sampler.tokenizer), scale or 1
    if palette is not None and not smooth:
        save_picture(path, picture, palette, scale, about)
    else:
        way = Pillow.Resampling.LANCZOS if smooth else Pillow.Resampling.NEAREST
        size = (picture.shape[1] * scale, picture.shape[0] * scale)
        save_png(path, np.asarray(Pillow.fromarray(picture).resize(size, way)), about)


def _refuse_too_large(cells: int, trained: Trained, **layout: Any) -> None:
    """Lays out one black picture and empty cells, before the time is spent to draw them all."""
    collage([np.zeros((*trained.size, 3), np.uint8), *[None] * (cells - 1)], **layout)


def _wish(text: Any, classes: Any, guidance: float) -> dict[str, Any]:
    """What was asked for, as a picture's file says it; nothing if nothing was."""
    given = {"text": text, "classes": classes}
    asked = {name: value for name, value in given.items() if value not in (None, (), [])}
    return asked | {"guidance": guidance} if asked else {}


def _unknown(asked: Prompts | None) -> dict[str, Any]:
    return {"unknown": list(asked.unknown)} if asked else {}


def _about(trained: Trained, **settings: Any) -> dict[str, Any]:
    """What a picture's file says about it: the model that drew it, and how."""
    model = trained.description
    return {
        "pixace": __version__,
        "run": str(trained.path),
        "created": model.created,
        "step": model.step,
        **settings,
    }
