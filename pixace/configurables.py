"""Everything that a gin file may bind, in one list.

The rest of pixace never imports gin: its functions take plain keywords, so that tests call them
directly and this list is the whole surface. Trax's own functions are registered where Trax is
loaded. What is denied here is decided by the data or by the command, never by a gin file.
"""

from functools import partial

import gin

from pixace import models, training
from pixace.errors import ConfigError
from pixace.models.lm import LanguageModel
from pixace.names import unknown
from pixace.preparation import Preparation

_configurable = partial(gin.external_configurable, module="pixace")
_FROM_DATA = ["vocab_size", "length", "grid"]

train = _configurable(training.train, denylist=["model", "data", "run"])
pictures = _configurable(Preparation, name="pictures")
MODELS = {
    kind: _configurable(build, name=kind, denylist=_FROM_DATA)
    for kind, build in models.KINDS.items()
}


@gin.configurable(module="pixace", denylist=_FROM_DATA)
def model(
    vocab_size: int, length: int, grid: tuple[int, int], *, kind: str = "transformer"
) -> LanguageModel:
    """The language model of that kind, with its own bindings, for tokens of that shape."""
    if kind not in MODELS:
        raise ConfigError(unknown("model", kind, MODELS))
    return MODELS[kind](vocab_size, length, grid)
