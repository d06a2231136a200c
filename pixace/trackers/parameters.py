"""A merged configuration as a flat list of parameters."""


def parameters(config: str) -> dict[str, str]:
    """What is bound, by name, with macros replaced by their values.

    Args:
      config: gin text as `gin.config_str` writes it: one binding after another, long values
        indented on lines of their own.

    Returns:
      Such as `{"train.steps": "800", "transformer.d_model": "96"}`.
    """
    bound: dict[str, str] = {}
    name = ""
    for line in config.splitlines():
        if line[:1].isspace() and name:
            bound[name] += line.strip()
        elif " = " in line and not line.startswith("#"):
            name, _, value = line.partition(" = ")
            bound[name] = value.rstrip("\\").strip()
        else:
            name = ""
    return {name: _value(bound, value) for name, value in bound.items() if "." in name}


def _value(bound: dict[str, str], value: str) -> str:
    """A value, or what the macro that it names stands for."""
    seen = set()
    while value.startswith("%") and value not in seen:
        seen.add(value)
        value = bound.get(value[1:], value)
    return value
