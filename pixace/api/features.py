"""Pictures as a model's features, for programs of other kinds: what `pixace features` writes."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pixace import ranges
from pixace.api import collage_files, places
from pixace.api.door import door
from pixace.api.model_pictures import rows_of
from pixace.api.trained import Trained
from pixace.errors import ConfigError
from pixace.evaluation.layer_features import last_layer, layer_features
from pixace.ranges import Count, Whole
from pixace.runtime import precision
from pixace.sources import Data
from pixace.storage.atomic import whole


@dataclass(frozen=True, kw_only=True, eq=False)
class Features:
    """What `features` gives.

    Attributes:
      model: its name.
      named: the pictures.
      out: the file; None if none was written.
      layer: whose features they are; None for all layers.
      features: float32 `(pictures, d)`, or of all layers `(layers, pictures, d)`.
      names: str `(pictures,)`; None where a token set does not know them.
      labels: str `(pictures,)`, empty for a picture without one; None where none has one.
    """

    model: str
    named: str
    out: Path | None
    layer: int | None
    features: np.ndarray
    names: np.ndarray | None
    labels: np.ndarray | None

    def as_dict(self) -> dict[str, Any]:
        """As `--json` prints it: no arrays, but their shape."""
        return {
            "model": self.model,
            "named": self.named,
            "out": None if self.out is None else str(self.out),
            "layer": self.layer,
            "shape": list(self.features.shape),
            "names": self.names is not None,
            "labels": self.labels is not None,
        }


@door("generate")
def features(
    data: Data,
    out: str | Path | None = None,
    *,
    run: str | Path | Trained | None = None,
    root: str | Path | None = None,
    layer: Whole | None = None,
    labels: bool = False,
    batch_size: Count = 16,
    dtype: str | None = None,
    progress: bool = False,
) -> Features:
    """Makes a few hundred numbers of each picture: the mean of a model's features over it.

    Captions are never shown to the model.

    Args:
      data: pictures, as `tokenize` takes them, each of which becomes a row, in their order, if it
        can be read; or a token set of the model's tokenizer, those held out after the others.
      out: an `.npz` of `features`, and of `names` and `labels` where there are any; None writes
        nothing.
      run: name, folder or `.safetensors` file, or what `load` gave; None means the latest run.
      root: where runs live; None means `$PIXACE_RUNS` or `runs`.
      layer: 0 for what goes into the first block, k for what block k gives; None for all of them.
      labels: take sub-folders as labels.
      batch_size: pictures at a time.
      dtype: of the products, as in `load`.
      progress: a live bar on stderr while pictures are read, and a line for each that cannot be.

    Raises:
      ConfigError: the model has no such layer, or other tokens than the model's are named.
      PixaceError: something is unknown, no picture can be read, or the file cannot be written.
    """
    layer, batch_size = (
        ranges.one(features, "layer", layer),
        ranges.one(features, "batch_size", batch_size),
    )
    path = None if out is None else places.file(out, ".npz")
    trained = collage_files.model_of(run, root, dtype)
    model, weights = trained.sampler.model, trained.sampler.weights
    if layer is not None and layer > (last := last_layer(model, weights)):
        raise ConfigError(
            f"{trained.description.name} has no layer {layer}; its layers are 0 to {last}"
        )
    rows = rows_of(trained, data, labels=labels, progress=progress)
    found = layer_features(
        model,
        weights,
        rows.tokens,
        batch_size=batch_size,
        dtype=precision.by_name(trained.dtype),
        progress=progress,
    )
    arrays: dict[str, Any] = {"features": found if layer is None else found[layer]}
    if rows.names is not None:
        arrays["names"] = np.array(rows.names, str)
    if any(rows.labels):
        arrays["labels"] = np.array([label or "" for label in rows.labels], str)
    if path is not None:
        with whole(path) as draft, draft.open("wb") as file:
            np.savez(file, **arrays)
    return Features(
        model=trained.description.name,
        named=rows.named,
        out=path,
        layer=layer,
        features=arrays["features"],
        names=arrays.get("names"),
        labels=arrays.get("labels"),
    )
