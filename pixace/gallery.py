"""Pictures of a model as files: what `pixace generate` and `pixace complete` write.

Every PNG remembers the run, the seed and all settings that its pixels depend on.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pixace import __version__
from pixace.arrays import Image
from pixace.collage import collage, save_gif, save_png
from pixace.errors import ImageError, PixaceError
from pixace.sampling import Settings, blank_after
from pixace.trained import Trained, load

FRAMES = 64  # of a film


def generate(
    out: str | Path = "collage.png",
    *,
    n: int = 64,
    run: str | Path | None = None,
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

    Args:
      out: the collage, a PNG.
      n: pictures.
      run: name, folder or `.safetensors` file; None means the latest run.
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
      What was done, as `--json` prints it.
    """
    trained = load(run, root=root)
    if n < 1:
        raise PixaceError(f"cannot generate {n} pictures; ask for 1 or more")
    settings = Settings(seed, temperature, top_k, top_p, batch_size)
    tokens = trained.sampler.generate_tokens(n, settings, progress=progress)
    tokenizer = trained.sampler.tokenizer
    pictures = tokenizer.decode(tokens)
    about = _about(trained, run) | {
        "command": "generate",
        "n": n,
        "seed": seed,
        "temperature": temperature,
        "top_k": top_k,
        "top_p": top_p,
    }
    save_png(Path(out), collage(list(pictures), scale=scale, smooth=smooth), about)
    if each is not None:
        for number, picture in enumerate(pictures):
            enlarged = collage([picture], scale=scale or 1, smooth=smooth, gutter=0)
            save_png(Path(each) / f"{number:04d}.png", enlarged, about | {"picture": number})
    if gif is not None:
        ends = np.linspace(0, tokenizer.length, FRAMES + 1).round().astype(int)
        frames = (tokenizer.decode(blank_after(tokens, end)) for end in ends)
        save_gif(Path(gif), [collage(list(frame), scale=scale, smooth=smooth) for frame in frames])
    return about | {"out": str(out)}


def complete(
    photos: Sequence[str | Path],
    out: str | Path = "completions.png",
    *,
    cut: int | str = "50%",
    temperatures: Sequence[float] = (1.0,),
    samples: int = 4,
    run: str | Path | None = None,
    root: str | Path | None = None,
    seed: int = 0,
    top_k: int = 0,
    top_p: float = 1.0,
    batch_size: int = 64,
    scale: int | None = None,
    smooth: bool = False,
    strict: bool = False,
    progress: bool = False,
) -> dict[str, Any]:
    """Finishes photos and writes a collage; for the arrays see `Trained.complete`.

    One row per photo: the photo, its cut, then a column for each temperature and sample.

    Args:
      photos: files.
      out: the collage, a PNG.
      cut: pixels to keep, or a share such as `50%`.
      temperatures: of the columns.
      samples: columns per temperature.
      run: name, folder or `.safetensors` file; None means the latest run.
      root: where runs live.
      seed: same seed, same completions.
      top_k: only the k likeliest colours; 0 for all.
      top_p: only the likeliest colours that together have this probability, in (0, 1].
      batch_size: pictures drawn at once.
      scale: pixels per pixel; None chooses.
      smooth: enlarge smoothly instead of crisply.
      strict: raise the error of a bad photo instead of skipping it.
      progress: a live bar on stderr.

    Returns:
      What was done, as `--json` prints it.

    Raises:
      ImageError: no photo could be read, or one could not and `strict` is set.
    """
    trained = load(run, root=root)
    fitted, names, skipped = [], [], []
    for photo in map(Path, photos):
        try:
            if photo.is_dir():
                raise ImageError(f"{photo} is a folder; name the pictures, such as {photo}/*.jpg")
            fitted.append(trained.fitted(photo))
            names.append(photo.name)
        except ImageError as why:
            if strict:
                raise
            skipped.append(str(why))
    if not fitted:
        raise ImageError(f"no photo to complete: {'; '.join(skipped) or 'none was named'}")
    done = trained.complete(
        fitted,
        cut=cut,
        temperatures=temperatures,
        samples=samples,
        seed=seed,
        top_k=top_k,
        top_p=top_p,
        batch_size=batch_size,
        progress=progress,
    )
    cells: list[Image | None] = []
    for photo, kept, finished in zip(done.photos, done.cuts, done.finished, strict=True):
        cells += [photo, kept, *finished.reshape(-1, *photo.shape)]
    labels = [f"t = {warmth:g}" for warmth in temperatures for _ in range(samples)]
    about = _about(trained, run) | {
        "command": "complete",
        "photos": names,
        "cut": str(cut),
        "temperatures": list(temperatures),
        "samples": samples,
        "seed": seed,
        "top_k": top_k,
        "top_p": top_p,
    }
    picture = collage(
        cells,
        columns=2 + len(labels),
        scale=scale,
        smooth=smooth,
        row_labels=names,
        column_labels=["photo", "kept", *labels],
    )
    save_png(Path(out), picture, about)
    return about | {"out": str(out), "skipped": skipped}


def _about(trained: Trained, run: str | Path | None) -> dict[str, Any]:
    """Which model drew; `run` as the user named it, if that leads anywhere but to a name."""
    description = trained.description
    named = str(run) if run is not None else description.name
    return {"run": named, "created": description.created, "pixace": __version__}
