"""Weights on disk: one `.safetensors` file that describes itself.

The run's description stands in the file's metadata, and what its tokenizer has learned among the
weights, as `tokenizer/…`, so that the file alone is enough to sample from.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from pixace import trees
from pixace.errors import RunError
from pixace.files import whole
from pixace.runs import MODEL, Description

TOKENIZER = "tokenizer/"  # the beginning of the names of a tokenizer's arrays


def save(
    path: Path,
    weights: Any,
    description: Description,
    arrays: Mapping[str, np.ndarray] | None = None,
) -> None:
    """Writes weights, a tokenizer's arrays and the description, whole or not at all."""
    flat = {name: np.ascontiguousarray(leaf) for name, leaf in trees.flatten(weights).items()}
    flat |= {TOKENIZER + name: np.ascontiguousarray(each) for name, each in (arrays or {}).items()}
    with whole(path) as draft:
        save_file(flat, draft, metadata={"pixace": json.dumps(asdict(description))})


def read(path: Path) -> tuple[dict[str, np.ndarray], Description]:
    """Weights by name and the description, from a run's folder or a model file.

    Raises:
      RunError: the run has no model yet, or the file is broken or no model of pixace.
    """
    if path.is_dir():
        path = path / MODEL
        if not path.exists():
            raise RunError(f"{path.parent} has no model yet; it comes with the first evaluation")
    try:
        with safe_open(path, framework="np") as file:
            metadata = file.metadata() or {}
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as why:
        raise RunError(f"{path} is broken or no model file: {why}") from why
    if "pixace" not in metadata:
        raise RunError(f"{path} holds weights, but was not made by pixace")
    try:
        fields = json.loads(metadata["pixace"])
    except json.JSONDecodeError as why:
        raise RunError(f"{path} is broken: its description is no JSON ({why})") from why
    return weights, Description.of(fields, path)


def parted(
    flat: Mapping[str, np.ndarray],
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """What `read` gave, as the weights of a model and the arrays of its tokenizer."""
    weights = {name: each for name, each in flat.items() if not name.startswith(TOKENIZER)}
    arrays = {name.removeprefix(TOKENIZER): flat[name] for name in flat.keys() - weights.keys()}
    return weights, arrays
