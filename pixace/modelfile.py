"""Weights on disk: one `.safetensors` file that describes itself.

The run's description stands in the file's metadata, so that the file alone is enough to sample
from.
"""

import json
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


def save(path: Path, weights: Any, description: Description) -> None:
    """Writes weights and description, whole or not at all."""
    flat = {name: np.ascontiguousarray(leaf) for name, leaf in trees.flatten(weights).items()}
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
