"""Packaging of pixace; settings of the tools are in pyproject.toml."""

import re
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent

# Typed once, in the package; read as text, because importing it would need what is installed here.
VERSION = re.search(r'^__version__ = "(.+)"$', (HERE / "pixace/version.py").read_text(), re.M)[1]

setup(
    name="pixace",
    version=VERSION,
    description="Finish photos and dream up new pictures: small images as streams of tokens.",
    long_description=(HERE / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="MIT",
    license_files=["LICENSE"],
    python_requires=">=3.11",
    packages=[*find_packages(include=["pixace", "pixace.*"]), "pixace.gin_files"],
    package_dir={"pixace.gin_files": "gin"},
    package_data={
        "pixace": ["py.typed"],
        "pixace.zoo": ["*.safetensors", "registry.json"],
        "pixace.gin_files": ["*.gin"],
    },
    entry_points={"console_scripts": ["pixace = pixace.cli:main"]},
    install_requires=[
        "click>=8.2",
        "gin-config==0.5.0",
        "jax>=0.10,<0.13",
        "jaxtyping>=0.3",
        "joblib>=1.4",
        "numpy>=2,<3",
        "optax>=0.2.5",
        "orbax-checkpoint>=0.11",
        "pillow>=11",
        "psutil>=6",
        "safetensors>=0.5",
        "scikit-learn>=1.6",
        "scipy>=1.14",
        "tensorboardX>=2.6.2",
        "threadpoolctl>=3.5",
        "tqdm>=4.66",
        "trax==1.4.1",
    ],
    extras_require={
        "cuda": ["jax[cuda12]>=0.10,<0.13"],
        "tfds": ["tensorflow-datasets>=4.9.9", "importlib_resources"],
        "tf": ["tensorflow>=2.18", "tensorflow-datasets>=4.9.9", "importlib_resources"],
        "parquet": ["pyarrow>=17"],
        "tensorboard": ["tensorboard>=2.18"],
        # The store in a file needs a database; without it, mlflow-skinny only knows servers.
        "mlflow": ["mlflow-skinny>=3.5,<4", "sqlalchemy>=2,<2.1", "alembic>=1.13", "sqlparse>=0.5"],
        "dev": [
            "beartype>=0.20",
            "hypothesis>=6.120",
            "import-linter>=2.1",
            "mypy>=1.14",
            "pytest>=8.3",
            "pytest-timeout>=2.3",
            "pytest-xdist>=3.6",
            "ruff>=0.9",
            "scikit-image>=0.25",
            "tifffile>=2025.1",
        ],
    },
)
