"""Small images as streams of tokens: finish photos, dream up new pictures.

    import pixace

    pixace.tokenize("photos/", "photos-32", size=32, colors="hsv:5,4,4")
    pixace.train("photos-32", model="reformer", bindings=["train.steps = 1000"])
    images = pixace.load().generate(64)            # uint8 (64, 32, 32, 3)
    pixace.generate("collage.png", n=64)           # the same as a picture

Nothing heavy is imported before one of these is used.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pixace.codebooks import codebook, resume_codebook
    from pixace.encore import again
    from pixace.errors import PixaceError
    from pixace.gallery import complete, generate
    from pixace.importing import import_weights
    from pixace.tokenizing import compare, tokenize
    from pixace.trained import Trained, load
    from pixace.trainings import resume, train

__version__ = "0.1.0"
__all__ = [
    "PixaceError",
    "Trained",
    "again",
    "codebook",
    "compare",
    "complete",
    "generate",
    "import_weights",
    "load",
    "resume",
    "resume_codebook",
    "tokenize",
    "train",
]

_HOMES = {
    "pixace.codebooks": ("codebook", "resume_codebook"),
    "pixace.encore": ("again",),
    "pixace.errors": ("PixaceError",),
    "pixace.gallery": ("complete", "generate"),
    "pixace.importing": ("import_weights",),
    "pixace.tokenizing": ("compare", "tokenize"),
    "pixace.trained": ("Trained", "load"),
    "pixace.trainings": ("resume", "train"),
}


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(importlib.import_module(home), name)
    raise AttributeError(f"module 'pixace' has no attribute {name!r}")
