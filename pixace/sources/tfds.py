"""Data sets of TensorFlow Datasets: `tfds:NAME`, `tfds:NAME/CONFIG`, `tfds:NAME:SPLIT`.

TFDS reads without TensorFlow what is stored as array_record, and prepares so what its builders
give as files or bytes. Builders that give arrays (mnist, cifar10) encode them with TensorFlow.
Pictures are taken as they are stored, so that JPEGs are decoded by pixace's fast way.

Source: https://www.tensorflow.org/datasets/data_source
"""

import contextlib
import difflib
import functools
import hashlib
import os
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pixace.errors import MissingError, SourceError, WebError, unknown
from pixace.runtime.addresses import refuse_offline
from pixace.sources.source import Record

if TYPE_CHECKING:
    from pixace.images.loader import Raw

PREFIX = "tfds:"
SPEC = re.compile(r"tfds:(?P<builder>[\w/.]+(?::[\d.]+|:\*)?)(?::(?P<split>[a-zA-Z_].*))?")
CAPTIONS = ("caption", "captions", "text", "description")


@dataclass(frozen=True)
class Dataset:
    """One split of a TFDS data set.

    Attributes:
      spec: what the user named.
      builder: name, configuration and version, as TFDS writes them.
      split: the split, TFDS's slices such as `train[:1000]` included.
      image: the feature that is the picture.
      label: the feature that is its class, if there is one.
      caption: the feature that describes it, if there is one.
      classes: the names of the classes.
      count: the number of pictures.
      version: the full name with its version.
    """

    spec: str
    builder: str
    split: str
    image: str
    label: str | None
    caption: str | None
    classes: tuple[str, ...]
    count: int
    version: str

    def __len__(self) -> int:
        return self.count

    def record(self, i: int) -> Record:
        """Label and caption as the data set has them."""
        example = self._example(i)
        name = f"{self.builder}:{self.split}[{i}]"
        caption = example[self.caption].decode("utf-8", "replace") if self.caption else None
        label = self.classes[example[self.label]] if self.label else None
        return Record(name, name, caption, label)

    def read(self, i: int) -> "Raw":
        """The bytes of the picture as stored."""
        return self._example(i)[self.image]

    def fingerprint(self) -> str:
        """Over the version of the data set, the split and the number of pictures."""
        identity = (self.version, self.split, self.count)
        return hashlib.sha256(repr(identity).encode()).hexdigest()

    def _example(self, i: int) -> dict[str, Any]:
        return _example(self.builder, self.split, self.image, os.getpid(), i)


def open_tfds(spec: str) -> Dataset:
    """Opens a data set; downloads and prepares it first where that was not done before.

    Raises:
      MissingError: TFDS is not installed, or this data set needs TensorFlow.
      SourceError: there is no such data set or split, it has no pictures, or the download failed.
      WebError: it is not here yet, and the network is turned off.
    """
    match = SPEC.fullmatch(spec)
    if not match:
        raise SourceError(f"no source '{spec}'; write tfds:NAME or tfds:NAME/CONFIG:SPLIT")
    name, split = match["builder"], match["split"] or "train"
    with _explained(spec):
        builder = _builder(name)
        features = builder.info.features
        image = next(iter(_of_kind(features, "Image")), None)
        if image is None:
            raise SourceError(f"{spec} has no pictures; it holds: {', '.join(features)}")
        base = re.split(r"[\[+]", split)[0].strip()
        if base not in builder.info.splits and base != "all":
            raise SourceError(f"{spec}: {unknown('split', base, builder.info.splits)}")
        label = next(iter(_of_kind(features, "ClassLabel")), None)
        captions = [key for key in _of_kind(features, "Text") if key in CAPTIONS]
        return Dataset(
            spec=spec,
            builder=name,
            split=split,
            image=image,
            label=label,
            caption=next(iter(captions), None),
            classes=tuple(features[label].names) if label else (),
            count=len(_examples(name, split, image, os.getpid())),
            version=builder.info.full_name,
        )


def _of_kind(features: Any, kind: str) -> Iterator[str]:
    """Names of the features of a class of `tfds.features`, in order."""
    return (key for key in features if type(features[key]).__name__ == kind)


def _builder(name: str) -> Any:
    """A builder whose files are there."""
    import tensorflow_datasets as tfds

    try:
        builder = tfds.builder(name, file_format="array_record")
    except tfds.core.DatasetNotFoundError as why:
        plain = re.split("[/:]", name)[0]
        known = tfds.list_builders(with_community_datasets=False)  # of others it asks the network
        near = difflib.get_close_matches(plain, known, n=1)
        guess = f"Did you mean {near[0]}? " if near else ""
        raise SourceError(
            f"no TFDS data set '{name}'. {guess}All are in www.tensorflow.org/datasets/catalog"
        ) from why
    if not builder.is_prepared():
        refuse_offline(f"{PREFIX}{name}")
    with contextlib.redirect_stdout(sys.stderr):  # stdout is for results
        builder.download_and_prepare()
    return builder


@functools.lru_cache(maxsize=2)
def _examples(name: str, split: str, image: str, _process: int) -> Sequence[dict[str, Any]]:
    """The examples of a split with their pictures undecoded; opened anew by each process."""
    import tensorflow_datasets as tfds

    decoders = {image: tfds.decode.SkipDecoding()}
    return _builder(name).as_data_source(split=split, decoders=decoders)


@functools.lru_cache(maxsize=8)  # the record and the picture of an example are asked for in turn
def _example(name: str, split: str, image: str, process: int, i: int) -> dict[str, Any]:
    return _examples(name, split, image, process)[i]


@contextlib.contextmanager
def _explained(spec: str) -> Iterator[None]:
    """Turns what TFDS raises into one line."""
    try:
        yield
    except ImportError as why:
        if (why.name or "").startswith("tensorflow_datasets"):
            raise MissingError(
                f'{spec} needs TensorFlow Datasets; install it with: pip install "pixace[tfds]"'
            ) from why
        raise MissingError(
            f"{spec} needs {why.name or 'TensorFlow'}, as its pictures are not stored as files; "
            'install it with: pip install "pixace[tf]"'
        ) from why
    except (SourceError, WebError):
        raise
    except Exception as why:  # downloads, checksums, splits: TFDS has an error of its own for each
        first = next(iter(str(why).splitlines()), "") or type(why).__name__
        raise SourceError(f"cannot open {spec}: {first}") from why
