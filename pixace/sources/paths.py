"""Recognises what kind of source a path is: by its content before its name."""

import difflib
from collections.abc import Iterable
from pathlib import Path

from pixace.errors import SourceError
from pixace.sources.archive import is_archive, is_archive_file, open_archive
from pixace.sources.arrays import is_token_set, open_arrays
from pixace.sources.cifar import batches_alone, is_cifar, open_cifar
from pixace.sources.folder import listed, open_folder
from pixace.sources.foreign import foreign
from pixace.sources.idx import is_idx, is_idx_name, open_idx, training_images
from pixace.sources.matlab import open_matlab
from pixace.sources.metadata import described
from pixace.sources.naming import may_be_picture
from pixace.sources.packers import unread
from pixace.sources.parquet import is_parquet, open_parquet
from pixace.sources.several import is_pattern, open_several, shards, spelled_out
from pixace.sources.source import Source
from pixace.sources.table import JSON, open_table, open_text

KINDS = (
    "a folder, a zip or tar, a .csv, .tsv or .jsonl with a column image_path, a .txt of paths, "
    "MNIST's idx files, CIFAR's batches, .npy, .npz, .parquet, .mat, several of these "
    "(shard-{000..012}.tar), tfds:NAME, digits, emoji"
)
TABLES = (".csv", ".tsv", *JSON)
INSIDE = (
    *(".zip", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".csv", ".tsv", ".jsonl"),
    *(".npy", ".npz", ".parquet", ".mat"),
)


def open_path(path: Path, labels: bool, *, builtin: Iterable[str] = ()) -> Source:
    """Opens a file or folder, or several by a pattern, whatever it is.

    Args:
      path: the path, with `#` and a word behind it where a kind of file takes one.
      labels: label the pictures of folders and archives with the folder that holds them.
      builtin: names of sources that may have been meant.

    Raises:
      SourceError: there is no such thing, it is of no known kind, broken or empty.
      MissingError: it needs a package that is not installed.
      OSError: it cannot be read.
    """
    if is_pattern(path):
        return open_several(
            str(path), spelled_out(path), lambda each: open_path(each, labels), labels
        )
    if path.is_dir():
        if why := foreign(path):
            raise SourceError(f"{path} is {why}")
        return described(_open_folder(path, labels))
    file, _, array = str(path).partition("#")
    if array and file.lower().endswith(".npz") and not path.exists() and Path(file).is_file():
        return open_arrays(Path(file), array)
    if array and file.lower().endswith(".parquet") and not path.exists() and Path(file).is_file():
        return open_parquet(Path(file), array)
    if array and Path(file).suffix.lower() in TABLES and not path.exists() and Path(file).is_file():
        return open_table(Path(file), column=array)
    if array and not path.exists() and is_archive_file(Path(file)):
        return described(open_archive(Path(file), labels, array))
    if not path.is_file():
        raise SourceError(_no_such(path, builtin))
    if path.suffix.lower() in TABLES:
        return open_table(path)
    if path.suffix.lower() in (".txt", ".lst") and (listed := open_text(path)):
        return listed
    if path.suffix.lower() in (".npy", ".npz"):
        return open_arrays(path)
    if is_idx(path) or "idx3-ubyte" in path.name:
        return open_idx(path)
    if is_parquet(path):
        return open_parquet(path)
    if is_cifar(path):
        return open_cifar(path)
    if path.suffix.lower() == ".mat":
        return open_matlab(path)
    archive = is_archive(path)
    if why := unread(path, archive=archive) or foreign(path):
        raise SourceError(f"{path} is {why}")
    if archive:
        return described(open_archive(path, labels))
    raise SourceError(f"{path} is no source of pictures, or broken; a source is {KINDS}")


def _open_folder(path: Path, labels: bool) -> Source:
    names = listed(path)
    pictures = list(filter(may_be_picture, names))
    deep = all(map(is_idx_name, pictures))  # nothing else, in whatever folder below
    if images := training_images(path, names if deep else filter(_is_at_top, names)):
        return open_idx(images, spec=str(path))
    if batches := batches_alone(names, pictures):
        return open_cifar((path / batches[0]).parent, spec=str(path))
    if not pictures:
        sources = [name for name in names if name.lower().endswith(INSIDE)]
        tokens = [name for name in sources if is_token_set((path / name).parent)]
        sources = [name for name in tokens if name.endswith(".npy")] or sources  # which says so
        if together := shards(sources):
            paths = [path / name for name in together]
            return open_several(str(path), paths, lambda each: open_path(each, labels), labels)
        if sources:
            named = ", ".join(str(path / name) for name in sources[:5])
            more = ", …" if len(sources) > 5 else ""
            raise SourceError(f"{path} holds no pictures itself; name one of: {named}{more}")
    return open_folder(path, names, labels)


def _is_at_top(name: str) -> bool:
    return "/" not in name


def _no_such(path: Path, builtin: Iterable[str]) -> str:
    """One line for a path that does not exist, with what may have been meant."""
    beside = [file.name for file in path.parent.iterdir()] if path.parent.is_dir() else []
    if path.exists():
        return f"{path} is no file and no folder; a source is {KINDS}"
    near = difflib.get_close_matches(path.name, [*beside, *builtin], n=1)
    guess = ""
    if near:
        meant = near[0] if near[0] in builtin and near[0] not in beside else path.parent / near[0]
        guess = f". Did you mean {meant}?"
    return f"no source '{path}'; a source is {KINDS}{guess}"
