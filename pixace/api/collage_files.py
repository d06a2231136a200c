"""What `generate` and `complete` share: the model that draws, and what their PNGs say about it."""

from pathlib import Path
from typing import Any

from pixace import version
from pixace.api.trained import Trained, load
from pixace.runtime.printable import tell
from pixace.text.prompts import Prompts

SINGLY = "or write each by itself, with --each FOLDER --no-collage"


def unknown(asked: Prompts | None) -> dict[str, Any]:
    """Which words had to be left out, as `--json` prints them."""
    return {"unknown": list(asked.unknown)} if asked else {}


def drawer(run: str | Path | Trained | None, root: str | Path | None, dtype: str | None) -> Trained:
    """The model that is to draw, in another type if one is named; a type not its own is said."""
    trained = run if isinstance(run, Trained) else load(run, root=root)
    trained = trained if dtype is None else trained.of_type(dtype)
    own = trained.description.dtype
    if trained.dtype != own:
        tell(
            f"drawn in {trained.dtype}, where {trained.description.name} was trained in {own} and "
            "draws other pictures in that"
        )
    return trained


def about(trained: Trained, **settings: Any) -> dict[str, Any]:
    """What a picture's file says about it: the model that drew it, and how."""
    model = trained.description
    return {
        "pixace": version.__version__,
        "run": str(trained.path.resolve()),
        "created": model.created,
        "step": model.step,
        "dtype": trained.dtype,
        **settings,
    }
