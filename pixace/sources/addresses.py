"""What a user named as data: found again from any folder, and as a name for files and runs."""

import re
from pathlib import Path

from pixace.sources.opening import BUILTIN
from pixace.sources.source import Source
from pixace.sources.tfds import PREFIX


def stem(named: str | Path | Source) -> str:
    """A short name for files and runs, made from what the user named."""
    name = Path(absolute(named)).name
    name = re.sub(r"\.(zip|tar|tgz|gz|csv|tsv|jsonl|txt|np[yz]|bz2|xz|parquet|mat)\b", "", name)
    return re.sub(r"[^\w.-]+", "-", name).strip("-.") or "pictures"


def absolute(named: str | Path | Source) -> str:
    """What the user named, so that it can be found from any folder; built-in names stay."""
    from pixace.sources.several import is_pattern  # loaded when a file is opened

    if not isinstance(named, str | Path):
        named = named.spec
    file, sharp, array = str(named), "", ""
    if not Path(file).expanduser().exists():
        file, sharp, array = file.partition("#")  # FILE.npz#ARRAY
    path = Path(file).expanduser()
    if is_pattern(path) and not str(named).startswith(PREFIX):  # slices have brackets too
        return str(path.absolute())
    if str(named) in BUILTIN or not path.exists():
        return str(named)
    return f"{path.resolve()}{sharp}{array}"
