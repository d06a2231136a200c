"""Checkpoints of Trax, and so of the original pixace: their weights, and what the shapes tell.

Three kinds of files are known, all of them gzip pickles of a dictionary: what a layer's
`save_to_file` writes, what `trainer_lib` wrote until 2021, and `training.Loop`'s, whose weights
stand in a file of arrays beside, `model.weights.npy.gz`.
"""

import io
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from pixace.errors import RunError
from pixace.storage import safe_pickle

ENDING = ".pkl.gz"
BESIDE = ".weights.npy.gz"
MOST = 100_000  # arrays
HEADS = 8  # of Trax's models, where nothing else was said


@dataclass(frozen=True)
class OldWeights:
    """The weights of a checkpoint, in Trax's order.

    Attributes:
      path: where they were read.
      arrays: float32.
      step: steps of training that they have seen; 0 where the file does not say.
    """

    path: Path
    arrays: list[np.ndarray] = field(repr=False)
    step: int


@dataclass(frozen=True)
class Sizes:
    """What the shapes of weights tell of their model.

    Attributes:
      kind: `transformer` or `reformer`.
      vocab_size: how many ids there are.
      length: how many positions.
      settings: what the model is built with, by the names of gin.
    """

    kind: str
    vocab_size: int
    length: int
    settings: dict[str, Any]


def read(path: Path) -> OldWeights:
    """Reads a checkpoint without running anything in it.

    Raises:
      RunError: it is missing, broken, suspicious or no checkpoint.
    """
    found = safe_pickle.load(path)
    if not isinstance(found, dict) or "flat_weights" not in found:
        raise RunError(f"{path} is no checkpoint of Trax: it has no flat_weights")
    flat = found["flat_weights"]
    try:
        if isinstance(flat, int):  # how hard the other file was compressed
            arrays = _beside(path)
        elif isinstance(flat, list | tuple) and len(flat) <= MOST:
            arrays = [safe_pickle.array(each) for each in flat]
        else:
            raise ValueError(f"its flat_weights are no list of at most {MOST:,} arrays")
        # One array may stand in a pickle many times over.
        if sum(each.nbytes for each in arrays) > safe_pickle.largest(path):
            raise ValueError("its weights are larger than the file can be")
        floats = [_floats(each) for each in arrays]
        return OldWeights(path, floats, safe_pickle.whole_number(found.get("step", 0)))
    except (ValueError, TypeError, LookupError, EOFError, MemoryError) as why:
        raise RunError(f"{path} is broken: {' '.join(str(why).split())}") from why


def sizes(weights: OldWeights) -> Sizes:
    """What the shapes say of the model.

    Raises:
      RunError: they are those of neither model.
    """
    shapes = [each.shape for each in weights.arrays]
    try:
        (vocab_size, d_model), length, rest = _beginning(shapes)
        heads = [shape for shape in rest if len(shape) == 3]
        matrices = [shape for shape in rest if len(shape) == 2]
        axial = {"positions": "axial"} if len(shapes[1]) == 4 else {}
        if heads:
            together = next(i for i, shape in enumerate(rest[2:]) if len(shape) != 3)
            found = Sizes("reformer", vocab_size, length, {
                "d_model": d_model,
                "d_ff": matrices[0][1],
                "n_layers": len(heads) // together,
                "n_heads": heads[0][0],
                # LSH attention has one matrix for queries and keys.
                "attention": "full" if together == 4 else "lsh",
                **axial,
            })  # fmt: skip
        else:
            found = Sizes("transformer", vocab_size, length, {
                "d_model": d_model,
                "d_ff": matrices[4][1],
                "n_layers": len(matrices) // 6,
                **axial,
            })  # fmt: skip
    except (LookupError, ValueError, StopIteration, ZeroDivisionError):
        raise RunError(
            f"{weights.path} holds {len(shapes)} weights, of neither a TransformerLM nor a "
            "ReformerLM; only these two can be drawn from"
        ) from None
    return found


def fitted(weights: OldWeights, wanted: list[tuple[int, ...]], model: str) -> list[np.ndarray]:
    """The weights, if they have the shapes that a model wants.

    Args:
      weights: from `read`.
      wanted: shapes of the model's weights, in Trax's order.
      model: said in words.

    Raises:
      RunError: they have others; says the first that differs.
    """
    arrays = weights.arrays
    for number, (each, shape) in enumerate(zip(arrays, wanted, strict=False)):
        if number == 1 and each.shape == (1, *shape):  # positions, before Trax 1.3
            arrays = [arrays[0], each[0], *arrays[2:]]
        elif each.shape != shape:
            raise RunError(
                f"{weights.path} is not {model}: weight {number + 1} of {len(arrays)} has shape "
                f"{each.shape} instead of {shape}"
            )
    if len(arrays) != len(wanted):
        raise RunError(
            f"{weights.path} is not {model}: it has {len(arrays)} weights instead of {len(wanted)}"
        )
    return arrays


def _beginning(shapes: list[tuple[int, ...]]) -> Any:
    """Embedding, how many positions, and what comes after them."""
    if len(shapes[1]) == 4:  # axial: a vector for each row, and one for each column
        return shapes[0], shapes[1][1] * shapes[2][2], shapes[3:]
    return shapes[0], shapes[1][-2], shapes[2:]


def _floats(array: np.ndarray) -> np.ndarray:
    """Float32; Trax writes bfloat16 as its bits."""
    if array.dtype == np.uint16:
        return safe_pickle.from_bfloat16(array)
    if array.dtype.kind != "f":
        raise ValueError(f"a weight is of type {array.dtype}")
    return array.astype(np.float32)


def _beside(path: Path) -> list[np.ndarray]:
    """The arrays of the file beside, one after the other."""
    place = path.with_name(path.name.removesuffix(ENDING) + BESIDE)
    if not place.exists():
        raise RunError(f"{path} keeps its weights in {place.name}, which is not beside it")
    data = safe_pickle.unpacked(place)
    stream = io.BytesIO(data)
    arrays = []
    while stream.tell() < len(data):
        arrays.append(np.lib.format.read_array(stream, allow_pickle=False))
    return arrays
