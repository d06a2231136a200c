"""A collage once more, from what its PNG remembers."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from pixace.api import collage_files, photos
from pixace.api.complete import complete
from pixace.api.door import door
from pixace.api.generate import generate
from pixace.api.trained import Trained
from pixace.errors import ImageError, PixaceError, RunError
from pixace.images.png import read_description
from pixace.runs import run_folder
from pixace.storage.atomic import expanded

MODEL = ("run", "created", "step")  # which one it was
_COMMON = ("dtype", "text", "classes", "guidance", "seed", "temperature", "top_k", "top_p")
_COMMANDS: dict[str, tuple[Callable[..., dict[str, Any]], tuple[str, ...]]] = {
    "generate": (generate, ("n", *_COMMON, "scale", "smooth")),
    "complete": (complete, ("photos", "cut", "samples", *_COMMON, "scale", "smooth")),
}
_NEEDED = {"generate": (*MODEL, "n"), "complete": (*MODEL, "photos", "sha256")}


@door("generate")
def again(
    made: str | Path, out: str | Path, *, command: str | None = None, **changes: Any
) -> dict[str, Any]:
    """Makes a collage once more, from what its PNG remembers; the same bytes if nothing is changed.

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
    told = read_description(expanded(made))
    kind = told.get("command")
    if kind not in _COMMANDS:
        raise ImageError(f"{made} was not made by pixace generate or pixace complete")
    if command not in (None, kind):
        raise ImageError(f"{made} was made by: pixace {kind}; use its --again")
    if missing := [name for name in _NEEDED[kind] if name not in told]:
        raise ImageError(f"{made} does not say how it was made: {missing[0]} is missing")
    function, remembered = _COMMANDS[kind]
    if kind == "complete" and "photos" not in changes:
        instead = f"to finish photos as they are now, name them: pixace complete … --again {made}"
        photos.refuse_changed(told["photos"], told["sha256"], instead)
    run, root = changes.pop("run", None), changes.pop("root", None)
    if run is None:
        trained = _found(made, told, root)
    else:
        trained = run if isinstance(run, Trained) else collage_files.load(run, root=root)
    if changes.keys() & {"text", "classes"}:  # another wish, not one more
        told = {name: told[name] for name in told if name not in ("text", "classes")}
    settings = {name: told[name] for name in remembered if name in told} | changes
    return function(out=out, run=trained, **settings)


def _found(made: str | Path, told: dict[str, Any], root: str | Path | None) -> Trained:
    """The very model that drew a picture: where it was, or by its name among the runs.

    Raises:
      PixaceError: it is gone, or has been trained on since.
    """
    was = Path(told["run"])
    changed = broken = None
    for place in dict.fromkeys((was, run_folder.home(root) / was.name)):
        try:
            trained = collage_files.load(place, root=root)
        except RunError as why:
            broken = broken or (why if place.exists() else None)
            continue
        model = trained.description
        if (model.created, model.step) == (told["created"], told["step"]):
            return trained
        changed = changed or place
    if changed:
        raise PixaceError(
            f"{made} was drawn by {was} after {told['step']:,} steps, and that model has "
            f"changed since; to draw with it as it is now, add --run {changed}"
        )
    raise broken or RunError(
        f"{made} was drawn by {was}, which is gone, and no {was.name} is in "
        f"{run_folder.home(root).absolute()}; say where it is: --run RUN, or --runs FOLDER"
    )
