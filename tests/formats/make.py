"""Makes the files of this folder anew; done once for each format, and then kept for ever.

    python tests/formats/make.py tests/formats/run-4
    python tests/formats/make.py tests/formats/pictures-1.pxc

The folder gets a run of two steps on 4x4 pictures with captions: its description, its model file
and the header of its token set. The file gets its pictures, compressed by that run.
"""

import shutil
import sys
from contextlib import chdir
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

import pixace
from pixace.data import token_set
from pixace.runs import model_file
from pixace.runs.run_folder import INFO, MODEL, Run

BINDINGS = [
    *("model.kind = 'reformer'", "D_MODEL = 8", "D_FF = 8", "LAYERS = 1", "HEADS = 2"),
    *("pictures.size = 4", "pictures.colors = 'grey:4'", "train.samples = 0", "train.steps = 2"),
    *("train.batch_size = 4", "train.evaluate_every = 2", "train.track = 'none'"),
    "captions.templates = ['a {label}']",
]


def make(folder: Path) -> None:
    """Trains, and takes the files along."""
    folder.mkdir()
    folder = folder.absolute()
    with TemporaryDirectory() as place, chdir(place):
        noise = np.random.default_rng(0).integers(0, 256, (12, 4, 4), dtype=np.uint8)
        np.savez("noise.npz", images=noise, labels=np.arange(12) % 2)
        pixace.tokenize("noise.npz", folder / "tokens", size=4, colors="grey:4")
        bindings = [line for line in BINDINGS if not line.startswith("pictures.")]
        made = pixace.train(folder / "tokens", gin="base", bindings=bindings, root=place).run
        flat, description = model_file.read(made.path)
        data = replace(description.data, named="tokens", tokens="tokens")
        model_file.save(folder / MODEL, flat, replace(description, data=data))
        Run(folder).write(replace(made.read(), data=data))
        shutil.copy(made.path / "config.gin", folder)


def compress(file: Path, run: Path) -> None:
    """Compresses the first pictures that a run was trained on."""
    tokens = token_set.open_set(run / "tokens")
    pictures = tokens.tokenizer.decode(tokens.split("train").rows(range(3)))
    pixace.compress(pictures, file, run=run)


if __name__ == "__main__" and sys.argv[1].endswith(".pxc"):
    compress(Path(sys.argv[1]), Path(sys.argv[1]).with_name("run-4"))
elif __name__ == "__main__":
    make(Path(sys.argv[1]))
    print(sorted(path.name for path in Path(sys.argv[1]).iterdir()), INFO)
