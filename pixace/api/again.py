"""A collage once more, from what its PNG remembers."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pixace.api import collage_files
from pixace.api.collage_files import CollageSettings, Drawn, DrawnBy, remembered
from pixace.api.complete import CompleteSettings, complete
from pixace.api.door import door
from pixace.api.generate import GenerateSettings, generate
from pixace.api.photos import PhotoFiles
from pixace.api.trained import Trained
from pixace.errors import ImageError, PixaceError, RunError
from pixace.images.png import read_description
from pixace.runs import run_folder
from pixace.storage.atomic import expanded


@door("generate")
def again(
    made: str | Path, out: str | Path, *, command: str | None = None, **changes: Any
) -> Drawn:
    """Makes a collage once more, from what its PNG remembers; the same bytes if nothing is changed.

    A PNG may be anybody's. So the places that it names are not opened: its model is looked for by
    its name, as `load` does, and must be the very one; its photos by theirs, in the folder one is
    in. What is elsewhere is named by `run`, `root` and `photos`.

    Of a collage of several pages, each is one that is made again by itself. A single picture
    remembers the collage that it belongs to; of `complete` that of its own photo.

    Args:
      made: what `generate` or `complete` wrote.
      out: the new collage, a PNG.
      command: `generate` or `complete`, if it must be one of them.
      changes: arguments of that function which shall have other values, for example `seed`.

    Returns:
      What was done, as `generate` and `complete` do.

    Raises:
      ImageError: the file does not say how it was made, or a photo has changed since.
      PixaceError: the model has been trained on since, or is gone; or as `generate` and `complete`.
    """
    memory = read_description(expanded(made))
    kind = memory.get("command")
    if kind not in ("generate", "complete"):
        raise ImageError(f"{made} was not made by pixace generate or pixace complete")
    if command not in (None, kind):
        raise ImageError(f"{made} was made by: pixace {kind}; use its --again")
    model = remembered(DrawnBy, memory, made)
    if kind == "generate":
        given = _arguments(remembered(GenerateSettings, memory, made), changes)
        return generate(out, **given, run=_model(made, model, changes))
    photos = remembered(PhotoFiles, memory, made)
    given = _arguments(remembered(CompleteSettings, memory, made), changes)
    if "photos" not in changes:
        given["photos"] = photos.here(made)
    return complete(out=out, **given, run=_model(made, model, changes))


def _arguments(settings: CollageSettings, changes: Mapping[str, Any]) -> dict[str, Any]:
    """What is remembered, with changes, as a command's function takes it."""
    if changes.keys() & {"text", "classes"}:  # another wish, not one more
        settings = replace(settings, text=None, classes=None)
    own = {name: changes[name] for name in changes if name not in ("run", "root")}
    return vars(settings) | own


def _model(made: str | Path, model: DrawnBy, changes: Mapping[str, Any]) -> Trained:
    """The model that is named, or else the very one that drew a picture, found by its name.

    Raises:
      PixaceError: it is not there, or has been trained on since.
    """
    run, root = changes.get("run"), changes.get("root")
    if run is not None:
        return run if isinstance(run, Trained) else collage_files.load(run, root=root)
    home, name = run_folder.home(root), Path(model.run).name
    try:
        trained = collage_files.load(name, root=root)
    except RunError as why:
        if (home / name).exists():
            raise
        raise RunError(
            f"{made} was drawn by {model.run}, and no {name} is in {home.absolute()}; places that "
            "a picture names are not opened: say where it is, --run RUN or --runs FOLDER"
        ) from why
    if not model.is_same_model(DrawnBy.of(trained)):
        raise PixaceError(
            f"{made} was drawn by {name} after {model.step:,} steps, and that model has changed "
            f"since; to draw with it as it is now, add --run {trained.path}"
        )
    return trained
