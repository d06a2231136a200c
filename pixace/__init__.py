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

from pixace.version import __version__ as __version__

if TYPE_CHECKING:
    from pixace.api.again import again
    from pixace.api.codebook import codebook, resume_codebook
    from pixace.api.complete import complete
    from pixace.api.compress import compress
    from pixace.api.decompress import decompress
    from pixace.api.doctor import doctor
    from pixace.api.evaluate import evaluate
    from pixace.api.features import features
    from pixace.api.generate import generate
    from pixace.api.import_weights import import_weights
    from pixace.api.model_files import get_model, pack_model
    from pixace.api.plan import plan
    from pixace.api.probe import probe
    from pixace.api.tokenize import compare, tokenize
    from pixace.api.train import resume, train
    from pixace.api.trained import Trained, load
    from pixace.errors import PixaceError

__all__ = [
    "PixaceError",
    "Trained",
    "again",
    "codebook",
    "compare",
    "complete",
    "compress",
    "decompress",
    "doctor",
    "evaluate",
    "features",
    "generate",
    "get_model",
    "import_weights",
    "load",
    "pack_model",
    "plan",
    "probe",
    "resume",
    "resume_codebook",
    "tokenize",
    "train",
]

_HOMES = {
    "pixace.api.codebook": ("codebook", "resume_codebook"),
    "pixace.api.again": ("again",),
    "pixace.errors": ("PixaceError",),
    "pixace.api.complete": ("complete",),
    "pixace.api.compress": ("compress",),
    "pixace.api.decompress": ("decompress",),
    "pixace.api.doctor": ("doctor",),
    "pixace.api.evaluate": ("evaluate",),
    "pixace.api.features": ("features",),
    "pixace.api.generate": ("generate",),
    "pixace.api.import_weights": ("import_weights",),
    "pixace.api.model_files": ("get_model", "pack_model"),
    "pixace.api.plan": ("plan",),
    "pixace.api.probe": ("probe",),
    "pixace.api.tokenize": ("compare", "tokenize"),
    "pixace.api.trained": ("Trained", "load"),
    "pixace.api.train": ("resume", "train"),
}


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(importlib.import_module(home), name)
    raise AttributeError(f"module 'pixace' has no attribute {name!r}")
