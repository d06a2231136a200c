"""New pictures of a model as files: what `pixace generate` writes."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pixace.api import collage_files, places, single_pictures
from pixace.api.door import door
from pixace.api.trained import Trained
from pixace.errors import PixaceError
from pixace.images import layout
from pixace.images.collage import collage as laid_out
from pixace.images.gif import save_gif
from pixace.images.png import save_png
from pixace.sampling.cut import blank_after
from pixace.sampling.sampler import SamplingSettings
from pixace.text import prompts

FRAMES = 64  # of a film
PICTURES = 64  # if nobody says how many
PICTURES_EACH = 8  # the same for each of several texts
FEWER = f"draw fewer, {collage_files.SINGLY}"


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
    trained = collage_files.drawer(run, root, dtype)
    settings = SamplingSettings(
        seed=seed,
        temperature=temperature,
        top_k=top_k,
        top_p=top_p,
        batch_size=batch_size,
        guidance=guidance,
    )
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
    about = collage_files.about(
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
    return about | collage_files.unknown(asked) | place.told
