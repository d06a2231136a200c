"""Weights on disk: one `.safetensors` file that describes itself.

The run's description stands in the file's metadata, beside a checksum of the whole file, and what
its tokenizer has learned among the weights, as `tokenizer/…`, so that the file alone is enough to
sample from. Weights may be float16, for half the size; whoever reads them gets float32.
"""

import hashlib
import math
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from jaxtyping import Bool
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as serialized

from pixace.errors import NotFiniteError, RunError
from pixace.runs.description import Card, Description
from pixace.runs.run_folder import MODEL, Run
from pixace.storage import pytrees, records, strangers
from pixace.storage.atomic import whole

TOKENIZER = "tokenizer/"  # the beginning of the names of a tokenizer's arrays
KEPT = "packed/ids"  # of the pictures' ids those that a packed file has numbers for, uint8, 0 or 1
AXES = {"embedding/table": 0, "head/kernel": -1, "head/bias": 0}  # along which ids lie
BLANK = 64 * "0"  # in place of the checksum, of which it is none itself
HEADER = 16 << 20  # bytes of one at most: a hundred thousand arrays, or words
KINDS = {"F32", "F16"}  # of numbers; safetensors' names
MOST = 1 << 26  # numbers of an array that is unpacked
NEVER = -30.0  # the bias of an id that cannot occur: one in 10 million million


def save(
    path: Path,
    weights: Any,
    description: Description,
    arrays: Mapping[str, np.ndarray] | None = None,
) -> None:
    """Writes weights, a tokenizer's arrays and the description, whole or not at all.

    Raises:
      NotFiniteError: some of them are not finite.
      PixaceError: the file cannot be written.
    """
    flat = {name: np.ascontiguousarray(leaf) for name, leaf in pytrees.flatten(weights).items()}
    flat |= {TOKENIZER + name: np.ascontiguousarray(each) for name, each in (arrays or {}).items()}
    refuse_infinite(flat, path)
    told = {"pixace": description.as_json(), "sha256": BLANK}
    with whole(path) as draft, draft.open("wb") as file:
        # The library's own writer lets nobody but the owner read what it wrote.
        _write_sealed(file, serialized(flat, metadata=told))


def pack(
    weights: Mapping[str, np.ndarray],
    arrays: Mapping[str, np.ndarray],
    described: Description,
    out: Path,
    name: str,
    card: Card,
    occurring: Bool[np.ndarray, " vocab"],
) -> None:
    """Writes a model once more as others may have it: in half the size, without paths of its own.

    Args:
      weights: of the model.
      arrays: the tokenizer's, of numbers that float16 holds.
      described: the description.
      out: the new file.
      name: of the model.
      card: what its users should know.
      occurring: which of the pictures' ids occur, start and blank among them; for others the file
        has no numbers.

    Raises:
      NotFiniteError: a weight is too large for float16.
      PixaceError: the file cannot be written.
    """
    with np.errstate(over="ignore"):  # it is looked at below
        halves = {name: each.astype(np.float16) for name, each in weights.items()}
    if not occurring.all():
        for key, axis in AXES.items():
            words = np.ones(weights[key].shape[axis] - len(occurring), bool)
            halves[key] = np.compress(np.append(occurring, words), halves[key], axis)
        halves[KEPT] = occurring.astype(np.uint8)
    data = replace(
        described.data, named=described.data.named.rpartition("/")[2], tokens=None, pictures=None
    )
    half = {name: each.astype(np.float16) for name, each in arrays.items()}
    save(out, halves, replace(described, name=name, data=data, card=card), half)


def keep(
    run: Run, weights: Any, arrays: Mapping[str, np.ndarray] | None = None, **changes: Any
) -> None:
    """Writes a run's model file, and then what it changes of the run's description.

    In this order a failed write leaves the older model with its own description.

    Raises:
      PixaceError: as `save`.
    """
    described = replace(run.read(), **changes)
    save(run.path / MODEL, weights, described, arrays)
    run.write(described)


def refuse_infinite(flat: Mapping[str, np.ndarray], path: Path) -> None:
    """Refuses weights that are infinite or not a number.

    Raises:
      NotFiniteError: names the first array that holds one.
    """
    if bad := pytrees.infinite(flat):
        raise NotFiniteError(
            f"{path}: {bad} holds numbers that are not finite, and nothing can be drawn with them"
        )


def read(path: Path) -> tuple[dict[str, np.ndarray], Description]:
    """Weights by name and the description, from a run's folder or a model file.

    Raises:
      RunError: the run has no model yet, or the file is damaged or no model of pixace.
      NotFiniteError: some weights are not finite.
    """
    if path.is_dir():
        path = path / MODEL
        if not path.exists():
            raise RunError(f"{path.parent} has no model yet; it comes with the first evaluation")
    with _opened(path) as file:
        described = _described(file, path)
        if not _is_sealed(path):
            raise RunError(f"{path} is damaged: its checksum is another; get it anew")
        for name in file.keys():  # noqa: SIM118
            kind = file.get_slice(name).get_dtype()
            if kind not in KINDS and (name, kind) != (KEPT, "U8"):
                raise RunError(f"{path} holds no weights: {name} is of type {kind}")
        weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    refuse_infinite(weights, path)
    wide = {
        name: each.astype(np.float32) if each.dtype == np.float16 else each
        for name, each in weights.items()
    }
    try:
        return _unpacked(wide), described
    except ValueError as why:
        raise RunError(f"{path} does not fit its own description: {why}") from why


def _unpacked(flat: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """With numbers for ids that cannot occur: none, and a bias by which they never will.

    Raises:
      ValueError: some of the packed arrays are missing, or not as long as they should be.
    """
    if KEPT not in flat:
        return flat
    occurring = flat.pop(KEPT).astype(bool)
    for key, axis in AXES.items():
        if key not in flat or occurring.ndim != 1 or flat[key].ndim < 1:
            raise ValueError(f"{key} is not packed")
        packed = np.moveaxis(flat[key], axis, 0)
        each = math.prod(packed.shape[1:])  # numbers of an id
        if occurring.sum() > len(packed) or each * (len(occurring) + len(packed)) > MOST:
            raise ValueError(f"{key} has {len(packed):,} of {len(occurring):,} ids")
        words = np.ones(len(packed) - occurring.sum(), bool)
        kept = np.append(occurring, words)
        whole = np.full((len(kept), *packed.shape[1:]), NEVER if "bias" in key else 0, np.float32)
        whole[kept] = packed
        flat[key] = np.ascontiguousarray(np.moveaxis(whole, 0, axis))
    return flat


def described(path: Path) -> Description:
    """The description alone, of a model file.

    Raises:
      RunError: the file is damaged or no model of pixace.
    """
    with _opened(path) as file:
        return _described(file, path)


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    try:
        with strangers.opened(path) as raw:
            if (size := int.from_bytes(raw.read(8), "little")) > HEADER:
                raise RunError(f"{path} is broken or no model file: a header of {size:,} bytes")
        with safe_open(path, framework="np") as file:
            yield file
    except (SafetensorError, OSError) as why:
        raise RunError(f"{path} is broken or no model file: {why}") from why


def _described(file: Any, path: Path) -> Description:
    metadata = file.metadata() or {}
    if "pixace" not in metadata:
        raise RunError(f"{path} holds weights, but was not made by pixace")
    try:
        fields = records.parsed(metadata["pixace"])
    except ValueError as why:
        raise RunError(f"{path} is damaged: its description is no JSON ({why})") from why
    return Description.of(fields, path)


def _write_sealed(file: BinaryIO, content: bytes) -> None:
    """Writes what the library made, with its checksum where there is a blank one."""
    start = content.index(b'"sha256":"' + BLANK.encode()) + len('"sha256":"')
    digest = hashlib.sha256(content).hexdigest().encode()
    view = memoryview(content)
    file.writelines((view[:start], digest, view[start + len(digest) :]))


def _is_sealed(path: Path) -> bool:
    """Whether a file's checksum is that of the file with a blank one, of any bit of it."""
    with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as content:
        header = content[: 8 + int.from_bytes(content[:8], "little")]
        found = re.search(rb'"sha256":"([0-9a-f]{64})"', header)
        if not found:
            return False
        digest = hashlib.sha256(header[: found.start(1)] + BLANK.encode())
        with memoryview(content) as view:
            digest.update(view[found.end(1) :])
        return digest.hexdigest().encode() == found[1]


def parted(
    flat: Mapping[str, np.ndarray],
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """What `read` gave, as the weights of a model and the arrays of its tokenizer."""
    weights = {name: each for name, each in flat.items() if not name.startswith(TOKENIZER)}
    arrays = {name.removeprefix(TOKENIZER): flat[name] for name in flat.keys() - weights.keys()}
    return weights, arrays
