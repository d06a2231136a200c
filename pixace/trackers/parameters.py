"""A merged configuration as a flat list of parameters."""

from pixace.storage import gin_text


def parameters(config: str) -> dict[str, str]:
    """What is bound, by name, with macros replaced by their values.

    Args:
      config: a run's merged configuration.

    Returns:
      Such as `{"train.steps": "800", "transformer.d_model": "96"}`.

    Raises:
      ConfigError: it is more than plain settings.
    """
    every = gin_text.resolved(gin_text.read(config, "the configuration"))
    return {name: repr(value) for name, value in every.items() if "." in name}
