"""What `generate` and `complete` share: the model that draws, and what their PNGs remember.

A PNG holds the fields of `DrawnBy` and of the command's own settings, and `again` hands them over
once more: a setting is typed in the signature of its command and in these fields, and nowhere else.
One that comes later needs a default: what pictures that were made before it had.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, ClassVar, Self, TypeVar

from pixace import ranges, version
from pixace.api.places import Places
from pixace.api.trained import Trained, load
from pixace.errors import ImageError
from pixace.ranges import Count
from pixace.runtime.printable import tell
from pixace.sampling.sampler import SamplingSettings
from pixace.storage import records
from pixace.text import prompts
from pixace.text.prompts import Prompts
from pixace.zoo import shipped

SINGLY = "or write each by itself, with --each FOLDER --no-collage"

T = TypeVar("T")


@dataclass(frozen=True)
class DrawnBy:
    """The model that drew a picture.

    Attributes:
      pixace: the version of pixace.
      run: the run's folder or the model file, from the root on, for people; of a model that comes
        along its name.
      created: when the run was begun; tells it from another one of its name.
      step: the training step of its best weights.
    """

    pixace: str
    run: str
    created: str
    step: int

    def __post_init__(self) -> None:
        if (name := Path(self.run).name) in ("", "..") or name.startswith("~"):
            raise ValueError(f"run is {ranges.said(self.run)} and no model")

    @classmethod
    def of(cls, trained: Trained) -> Self:
        """The same of a model at hand."""
        model, path = trained.description, trained.path.resolve()
        run = path.stem if path.parent == shipped.HERE.resolve() else str(path)
        return cls(version.__version__, run, model.created, model.step)

    @property
    def name(self) -> str:
        """What `--run` takes, for people."""
        return Path(self.run).name.removesuffix(".safetensors")

    def is_same_model(self, other: Self) -> bool:
        """Whether it is that very model, wherever it is now."""
        return (self.created, self.step) == (other.created, other.step)


@dataclass(frozen=True, kw_only=True)
class CollageSettings:
    """What pixels depend on beside the model, in both commands; None stands for a default.

    Attributes:
      dtype: of the products, `float32` or `bfloat16`.
      text: what the pictures show, one or several.
      classes: the same by labels of the training pictures.
      guidance: how much texts and classes count.
      seed: of the random numbers.
      top_k: only the k likeliest colours; 0 for all.
      top_p: only the likeliest colours that together have this probability.
      scale: pixels per pixel; None chooses by what is shown.
      smooth: enlarged smoothly instead of crisply.

    Raises:
      ConfigError: a number cannot be meant.
    """

    command: ClassVar[str]

    dtype: str
    text: str | list[str] | None = None
    classes: str | list[str] | None = None
    guidance: float = 1.0
    seed: int = 0
    top_k: int = 0
    top_p: float = 1.0
    scale: Count | None = None
    smooth: bool = False

    def __post_init__(self) -> None:
        ranges.settle(self)
        self.sampling()  # knows which numbers can be meant

    def sampling(self, **own: Any) -> SamplingSettings:
        """How the sampler is to draw: what it takes of these settings, and of the command's own."""
        shared = {each.name for each in fields(CollageSettings)}
        names = [each.name for each in fields(SamplingSettings) if each.name in shared]
        return SamplingSettings(**{name: getattr(self, name) for name in names}, **own)

    def following(self, asked: Prompts | None) -> Self:
        """The same with the texts and classes that are asked for."""
        if asked is None:
            return self
        return replace(self, text=asked.asked.get("text"), classes=asked.asked.get("classes"))

    def as_dict(self) -> dict[str, Any]:
        """As a PNG and `--json` have it: of wishes only those there are."""
        absent = {name for name in ("text", "classes") if getattr(self, name) is None}
        if len(absent) == 2:
            absent.add("guidance")
        return {name: value for name, value in asdict(self).items() if name not in absent}


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """What `generate` and `complete` have both done.

    Attributes:
      model: which drew.
      settings: all that the pixels depend on beside it.
      place: where the pictures went.
      unknown: words that had to be left out; None if no text was asked for.
    """

    model: DrawnBy
    settings: CollageSettings
    place: Places
    unknown: tuple[str, ...] | None

    @property
    def memory(self) -> dict[str, Any]:
        """What every PNG says about how it was made."""
        settings = self.settings.as_dict()
        return {**asdict(self.model), "command": self.settings.command, **settings}

    @property
    def left_out(self) -> str | None:
        """One line on the unknown words, if there are any."""
        return prompts.left_out(self.unknown) if self.unknown else None

    @property
    def remarks(self) -> list[str]:
        """More lines for people."""
        return []

    @property
    def where(self) -> str:
        """Where the pictures went, for people: the collage, or else what was written."""
        it = self.place
        return str(it.out or it.each or it.gif or it.paste or it.maps)

    def as_dict(self) -> dict[str, Any]:
        """As `--json` prints it."""
        unknown = {} if self.unknown is None else {"unknown": list(self.unknown)}
        return self.memory | unknown | self.place.as_dict()


def remembered(kind: type[T], memory: Mapping[str, Any], made: str | Path) -> T:
    """What a PNG remembers of one kind: the fields of a dataclass.

    Args:
      kind: the dataclass.
      memory: all that the PNG remembers.
      made: the PNG, for messages.

    Raises:
      ImageError: it has forgotten some of it, or says what no command can have said.
    """
    try:
        return records.read(kind, memory, partly=True)
    except ValueError as why:
        raise ImageError(f"{made} does not say how it was made: {why}") from why


def model_of(
    run: str | Path | Trained | None, root: str | Path | None, dtype: str | None = None
) -> Trained:
    """The model that is to draw, in another type if one is named; a type not its own is said."""
    trained = run if isinstance(run, Trained) else load(run, root=root)
    trained = trained if dtype is None else trained.of_type(dtype)
    own = trained.description.compute_dtype
    if trained.dtype != own:
        tell(
            f"drawn in {trained.dtype}, where {trained.description.name} was trained in {own} and "
            "draws other pictures in that"
        )
    return trained
