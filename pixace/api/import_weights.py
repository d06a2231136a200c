"""Old weights become a run: what `pixace import` does."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import numpy as np

from pixace import choices, models
from pixace.api.building import language_model
from pixace.api.door import door
from pixace.config import gin_files, idle, parts
from pixace.config.bindings import Bindings
from pixace.data.preprocessing import Preprocessing
from pixace.errors import ConfigError, RunError
from pixace.images import loader
from pixace.runs import model_file, run_folder, trax_checkpoint
from pixace.runs.description import DataRecord, Description
from pixace.runtime import precision
from pixace.sources.addresses import stem
from pixace.storage.atomic import expanded
from pixace.tokenizers import Tokenizer


@dataclass(frozen=True)
class Imported:
    """What became of old weights.

    Attributes:
      run: where they are now.
      kind: of the model, `transformer` or `reformer`.
      settings: what the model was built with, by the names of gin.
      weights: how many numbers it has.
      step: steps of training, as far as the file says.
      assumed: settings that no weight tells, and nobody said.
    """

    run: run_folder.Run
    kind: str
    settings: dict[str, Any]
    weights: int
    step: int
    assumed: tuple[str, ...]


@door("import")
def import_weights(
    file: str | Path,
    *,
    model: str | None = None,
    size: str | int = 32,
    colors: str = choices.COLORS,
    order: str = "raster",
    fit: str = "crop",
    background: str = "white",
    alpha: str = "blend",
    bindings: Sequence[str] = (),
    name: str | None = None,
    root: str | Path | None = None,
) -> Imported:
    """Makes a run of a checkpoint of Trax, or of the original pixace.

    The file is read as data: no code in it is run. Layers, features and, for a Reformer, heads are
    taken from the shapes of the weights.

    Args:
      file: `model.pkl.gz`; if its weights are in `model.weights.npy.gz`, that must stand beside.
      model: `transformer` or `reformer`, to be sure; None takes what the weights say.
      size: of the pictures that the model was trained on, `32` for a square or `WIDTHxHEIGHT`.
      colors: their colour scheme; the original's bit depth `5,4,4` is `hsv:5,4,4`.
      order: the path through their pixels.
      fit: how photos are fitted before they are completed: `crop`, `pad`, `stretch`, `center` or
        `nearest`.
      background: colour behind transparency and padding.
      alpha: `blend` or `threshold`, for half-transparent pixels.
      bindings: gin lines that say what the weights cannot, such as `transformer.n_heads = 4`.
      name: of the run; None makes one from the file and the model.
      root: where runs live; None means `$PIXACE_RUNS` or `runs`.

    Raises:
      RunError: the file is missing, broken or suspicious, or holds another model.
      PixaceError: a setting is unknown.
    """
    path = expanded(file)
    if model is not None:
        models.by_kind(model)
    loader.check(fit, alpha)
    tokenizer = Preprocessing(size, colors, order, fit, background).tokenizer()
    old = trax_checkpoint.read(path)
    found = trax_checkpoint.sizes(old)
    if model not in (None, found.kind):
        raise RunError(
            f"{path} holds a {_said(found)}, and no {model}; leave out --model, or say "
            f"--model {found.kind}"
        )
    _check_tokens(path, found, tokenizer, colors)
    bound, assumed = _bound(found, bindings)
    record = parts.model(bound.values)
    built = language_model(record, tokenizer, None)
    leaves, tree = jax.tree.flatten(built.shapes)
    arrays = trax_checkpoint.fitted(old, [leaf.shape for leaf in leaves], f"a {_said(found)}")
    place = run_folder.home(root)
    with run_folder.new_run(place, name, f"{_stem(path)}-{built.kind}") as run:
        run.configure(bound.text)
        description = Description(
            name=run.name,
            created=run_folder.now(),
            kind="language_model",
            model=record,
            training={},
            data=DataRecord(
                named=str(path.resolve()),
                fit=fit,
                background=loader.parse_background(background),
                alpha=alpha,
                imported=hashlib.sha256(path.read_bytes()).hexdigest(),
            ),
            versions=run_folder.versions(),
            compute_dtype=precision.chosen("auto"),
            tokenizer=tokenizer.spec,
            status="finished",
            step=old.step,
            steps=old.step,
        )
        run.write(description)
        model_file.save(run.path / run_folder.MODEL, jax.tree.unflatten(tree, arrays), description)
    weights = sum(int(np.prod(each.shape)) for each in arrays)
    return Imported(run, built.kind, found.settings, weights, old.step, assumed)


def _bound(
    found: trax_checkpoint.Sizes, bindings: Sequence[str]
) -> tuple[Bindings, tuple[str, ...]]:
    """What the weights and the user say of the model, and what of that is only assumed."""
    kind = found.kind
    lines = [f"model.kind = {kind!r}"]
    lines += [f"{kind}.{name} = {value!r}" for name, value in found.settings.items()]
    said = {line.partition("=")[0].strip() for line in bindings}
    heads = f"{kind}.n_heads"
    assumed = () if "n_heads" in found.settings or heads in said else (heads,)
    if assumed:
        lines.append(f"{heads} = {trax_checkpoint.HEADS}")
    if assumed and found.settings["d_model"] % trax_checkpoint.HEADS:
        raise ConfigError(
            f"how many heads share {found.settings['d_model']} features cannot be seen in the "
            f"weights of a transformer; say it: --set {heads}=N"
        )
    bound = gin_files.read("\n".join(lines), bindings, place=str(found.kind))
    idle.refuse(bound, "import")
    return bound, assumed


def _check_tokens(
    path: Path, found: trax_checkpoint.Sizes, tokenizer: Tokenizer, colors: str
) -> None:
    """Refuses weights for other colours or another size."""
    if (found.vocab_size, found.length) != (tokenizer.vocab_size, tokenizer.length):
        height, width = tokenizer.size
        raise RunError(
            f"{path} knows {found.vocab_size:,} ids and {found.length:,} positions; "
            f"{colors} at {width}x{height} has {tokenizer.vocab_size:,} and "
            f"{tokenizer.length:,}; say the --colors and the --size that it was trained with"
        )


def _said(found: trax_checkpoint.Sizes) -> str:
    it = found.settings
    return f"{found.kind} (layers {it['n_layers']}, features {it['d_model']})"


def _stem(path: Path) -> str:
    """The file's name, or its folder's, as Trax calls every file `model`."""
    name = stem(path).removesuffix(".pkl")
    return stem(path.resolve().parent) if name == "model" else name
