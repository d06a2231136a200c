"""The models that come along: files of this package, by their names."""

from pathlib import Path

HERE = Path(__file__).parent
DEFAULT = "photos-32"  # what draws where nothing was trained yet


def every() -> list[Path]:
    """All of them, by name."""
    return sorted(HERE.glob("*.safetensors"))


def find(name: str) -> Path | None:
    """The file of a name, if there is one."""
    return next((path for path in every() if path.stem == name), None)
