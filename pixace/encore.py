"""A collage once more, from what its PNG remembers."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from pixace import gallery
from pixace.collage import read_description
from pixace.doors import door
from pixace.errors import ImageError, PixaceError
from pixace.files import expanded
from pixace.trained import Trained

_COMMANDS: dict[str, tuple[Callable[..., dict[str, Any]], tuple[str, ...]]] = {
    "generate": (
        gallery.generate,
        (
            "n",
            "text",
            "classes",
            "guidance",
            "seed",
            "temperature",
            "top_k",
            "top_p",
            "scale",
            "smooth",
        ),
    ),
    "complete": (
        gallery.complete,
        (
            *("photos", "cut", "temperature", "samples", "text", "classes", "guidance"),
            *("seed", "top_k", "top_p", "scale", "smooth"),
        ),
    ),
}


@door("generate")
def again(
    made: str | Path, out: str | Path, *, command: str | None = None, **changes: Any
) -> dict[str, Any]:
    """Makes a collage once more, from what its PNG remembers; the same bytes if nothing is changed.

    Args:
      made: what `generate` or `complete` wrote.
      out: the new collage, a PNG.
      command: `generate` or `complete`, if it must be one of them.
      changes: arguments of that function which shall have other values, for example `seed`.

    Returns:
      What was done, as `generate` and `complete` do.

    Raises:
      ImageError: the file does not say how it was made.
      PixaceError: the model has been trained on since, or is gone; or as `generate` and `complete`.
    """
    told = read_description(expanded(made))
    if told.get("command") not in _COMMANDS:
        raise ImageError(f"{made} was not made by pixace generate or pixace complete")
    if command not in (None, told["command"]):
        raise ImageError(f"{made} was made by: pixace {told['command']}; use its --again")
    function, remembered = _COMMANDS[told["command"]]
    run, root = changes.pop("run", None), changes.pop("root", None)
    trained = run if isinstance(run, Trained) else gallery.load(run or told["run"], root=root)
    model = trained.description
    if run is None and (model.created, model.step) != (told["created"], told["step"]):
        raise PixaceError(
            f"{made} was drawn by {told['run']} after {told['step']:,} steps, and that model has "
            f"changed since; to draw with it as it is now, add --run {told['run']}"
        )
    if changes.keys() & {"text", "classes"}:  # another wish, not one more
        told = {name: told[name] for name in told if name not in ("text", "classes")}
    settings = {name: told[name] for name in remembered if name in told} | changes
    return function(out=out, run=trained, **settings)
