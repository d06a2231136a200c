"""What is bound and would change nothing, such as a name that is spelled wrong."""

from collections.abc import Mapping
from typing import Any

from pixace.config import parts
from pixace.config.bindings import Bindings, Macro
from pixace.errors import ConfigError
from pixace.training.settings import TrainSettings

# Settings that change nothing unless another one is set, and that one.
WAITING = {
    "captions.longest": "captions.use or captions.templates",
    "captions.gaps": "captions.use or captions.templates",
    "train.drop_caption": "captions.use or captions.templates",
    "train.drop_words": "captions.use or captions.templates",
    "codebook.discriminator_from": "codebook.discriminator",
}
# And those that only some optimizers have.
OF_OPTIMIZERS = {
    "train.weight_decay": ("muon", "adamw"),
    "train.beta2": ("muon", "adamw", "adam"),
}


def refuse(bound: Bindings, command: str, settings: Mapping[str, Any] | None = None) -> None:
    """Refuses what changes nothing.

    Macros may set up both kinds of models at once, as those of `base.gin` do.

    Args:
      bound: what is bound.
      command: `train`, `codebook` or `import`.
      settings: all that hold, of a run whose own ones are not all bound; None means those bound.

    Raises:
      ConfigError: names the first such setting, and what may have been meant.
    """
    values = bound.values if settings is None else settings
    used = parts.used(command, values)
    meant = parts.defaults(used)
    asked = {each.name for each in bound.written.values() if isinstance(each, Macro)}
    for name, value in bound.written.items():
        part = name.rpartition(".")[0]
        if not part and name not in asked:
            hint = parts.near(name, sorted(asked & bound.macros.keys()), meant)
            raise ConfigError(f"{name} is bound, and nothing uses it{hint}")
        both = parts.is_model(part) and isinstance(value, Macro)
        if part and part not in used and not both:
            hint = parts.near(name, meant)
            raise ConfigError(f"{name} changes nothing here, where no {part} is in use{hint}")
        waits = WAITING.get(name, "")
        if waits and not any(values.get(each) for each in waits.split(" or ")):
            raise ConfigError(f"{name} changes nothing without {waits}")
    drawn = {"pictures.colors", "pictures.order"} & bound.values.keys()
    if command == "codebook" and drawn:
        raise ConfigError(
            f"{min(drawn)} changes nothing: a codebook learns from pixels as they are"
        )
    rule = values.get("train.optimizer", TrainSettings.optimizer)
    for name, takers in OF_OPTIMIZERS.items():
        if name in bound.values and rule not in takers:
            having = ", ".join(takers)
            raise ConfigError(f"{name} changes nothing, as only the optimizers {having} have any")
