"""What a run says of itself: in `run.json`, and in the metadata of its model file.

Format 4. Everything is plain data; whoever reads it looks at each field, and nothing in it is run.
"""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pixace.errors import RunError
from pixace.ranges import Count, Range, Whole, said
from pixace.runtime.precision import Dtype
from pixace.storage import records, sealed

FORMAT = 4
Byte = Annotated[int, Range(0, 255)]
LANGUAGE_MODEL, CODEBOOK = "language_model", "codebook"


@dataclass(frozen=True)
class ModelRecord:
    """What `pixace.models.build` makes a model of, beside what the pictures say.

    Attributes:
      kind: `transformer`, `reformer` or `modern`.
      settings: all of its settings.
    """

    kind: str
    settings: dict[str, Any]


@dataclass(frozen=True)
class DataRecord:
    """Which pictures a run has learned from, and how they became tokens.

    Attributes:
      named: what the user named.
      fit: how pictures were fitted, as `pixace.images.loader.load` takes it.
      background: RGB behind transparency and padding.
      alpha: what became of half-transparent pixels.
      in_memory: whether the pictures were given as arrays, and are gone with the process.
      labels: whether sub-folders were taken as labels.
      tokens: the token set's path; None for imported weights, of which no pictures are known.
      checksum: of all files of the token set.
      train: pictures trained on.
      validation: pictures held out.
      pictures: the settings that made the token set; None where it was there already.
      imported: SHA-256 of the file that imported weights came from.
    """

    named: str
    fit: str
    background: tuple[Byte, Byte, Byte]
    alpha: str
    in_memory: bool = False
    labels: bool = False
    tokens: str | None = None
    checksum: str | None = None
    train: Whole = 0
    validation: Whole = 0
    pictures: dict[str, Any] | None = None
    imported: str | None = None


@dataclass(frozen=True)
class CaptionRecord:
    """The words of a model that was trained with captions.

    Attributes:
      words: as in `pixace.text.vocabulary.Vocabulary`, as are the next three.
      length: of the prefix.
      first: the id of the first word.
      classes: each label, and the text that stands for it.
      settings: how captions are learned.
    """

    words: tuple[str, ...]
    length: Count
    first: Whole
    classes: dict[str, str]
    settings: dict[str, Any]


@dataclass(frozen=True)
class Best:
    """How good the weights in the model file are.

    Attributes:
      metric: `nats_per_token`, of which less is better; or a codebook's `psnr` in dB.
      value: of this metric.
      part: what it was measured on: `validation`, or `train` where no picture was held out.
      pictures: how many of them.
    """

    metric: Literal["nats_per_token", "psnr"]
    value: float
    part: Literal["train", "validation"]
    pictures: Whole


@dataclass(frozen=True)
class Card:
    """What those should know who are given a model.

    Attributes:
      about: what it draws, in a line.
      licence: under which it may be used.
      credit: whose pictures it has learned from, and their licence.
      facts: what was measured of it, by name.
    """

    about: str
    licence: str = ""
    credit: str = ""
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Description:
    """What a model is and where it came from.

    Attributes:
      name: the run's.
      created: ISO 8601 date and time, UTC.
      kind: `language_model` or `codebook`.
      model: what is trained; None for a codebook, which `training` describes.
      training: all settings of the training; empty for imported weights.
      data: the pictures.
      versions: of pixace, jax and trax.
      compute_dtype: of the products, `float32` or `bfloat16`: settled when the run begins, and
        obeyed by all that trains, judges and draws with it.
      tokenizer: spec that rebuilds the tokenizer; None for a codebook that is not judged yet.
      captions: the words of a model that was trained with captions.
      status: `running`, `stopped` or `finished`.
      step: optimiser steps that the weights have seen.
      steps: optimiser steps planned.
      best: how good the weights in the model file are; None before any evaluation.
      start: the model whose weights the training began with, if it did.
      card: for others; None for a run of one's own.
      format: of this description.
    """

    name: str
    created: str
    kind: Literal["language_model", "codebook"]
    model: ModelRecord | None
    training: dict[str, Any]
    data: DataRecord
    versions: dict[str, str]
    compute_dtype: Dtype
    tokenizer: str | None = None
    captions: CaptionRecord | None = None
    status: Literal["running", "stopped", "finished"] = "running"
    step: Whole = 0
    steps: Whole = 0
    best: Best | None = None
    start: str | None = None
    card: Card | None = None
    format: int = field(default=FORMAT)

    @property
    def is_codebook(self) -> bool:
        """Whether nothing can be drawn with it, as it has learned tokens for others."""
        return self.kind == CODEBOOK

    @property
    def model_kind(self) -> str:
        """`transformer`, `reformer`, `modern` or `codebook`."""
        return self.model.kind if self.model else self.kind

    @property
    def settings(self) -> dict[str, Any]:
        """All settings by the names that can be bound, such as `train.steps`."""
        parts = {CODEBOOK if self.is_codebook else "train": self.training}
        if self.model:
            parts |= {"model": {"kind": self.model.kind}, self.model.kind: self.model.settings}
        parts["pictures"] = self.data.pictures or {}
        parts["captions"] = self.captions.settings if self.captions else {}
        return {f"{part}.{key}": it for part, named in parts.items() for key, it in named.items()}

    @property
    def held_out(self) -> bool:
        """Whether the best value is one of pictures that were not trained on."""
        return self.best is None or self.best.part == "validation"

    def as_json(self, indent: int | None = None) -> str:
        """With a checksum, as `of` takes it once JSON is read."""
        return sealed.dumps(asdict(self), indent)

    @classmethod
    def of(cls, fields: Any, place: Path) -> Self:
        """From JSON; `place` is where it was read.

        Raises:
          RunError: it is of another format, or damaged.
        """
        if not isinstance(fields, dict):
            raise RunError(f"{place} is damaged: it holds no description of a run")
        found = fields.get("format")
        if found != FORMAT:
            who = "an older, unreleased" if isinstance(found, int) and found < FORMAT else "another"
            raise RunError(
                f"{place} was made by {who} pixace (format {said(found)}, not {FORMAT}), and is "
                "not read; train it anew"
            )
        try:
            made = records.read(cls, sealed.unsealed(fields))
        except ValueError as why:
            raise RunError(f"{place} is damaged: {why}") from why
        if made.model is None and not made.is_codebook:
            raise RunError(f"{place} is damaged: model is missing")
        return made
