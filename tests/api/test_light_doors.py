"""What a call loads is what it needs: who tokenizes waits for no library that trains or draws."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

HEAVY = {"jax", "jaxlib", "trax", "gin", "optax", "orbax", "mlflow", "tensorflow", "sklearn"}


def loaded(script, folder):
    """Which of the heavy libraries, and which of pixace's packages, a script leaves loaded."""
    said = f"import sys\n{script}\nprint(*sys.modules)"
    root = str(Path(__file__).parents[2])
    result = subprocess.run(
        [sys.executable, "-c", said],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": root},
        capture_output=True,
        text=True,
        check=True,
    )
    names = result.stdout.split()
    packages = {name.split(".")[1] for name in names if name.startswith("pixace.")}
    return HEAVY & set(names), packages


@pytest.mark.parametrize(
    "script",
    [
        "import pixace; pixace.tokenize('a.npy', 'set', size=4)",
        "from pixace.cli import main\n"
        "main(['tokenize', 'a.npy', 'set', '--size', '4', '--colors', 'exact'], "
        "standalone_mode=False)",
    ],
    ids=["call", "command"],
)
def test_tokenizing_loads_nothing_that_trains_or_draws(tmp_path, script):
    np.save(tmp_path / "a.npy", np.zeros((4, 4, 4), np.uint8))
    heavy, packages = loaded(script, tmp_path)
    assert (tmp_path / "set" / "header.json").exists()
    assert heavy == set()
    assert not packages & {"training", "models", "layers", "sampling", "config", "evaluation"}
