"""The numbers that every model must be able to build with, and the words for those it cannot."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from pixace import ranges
from pixace.errors import ConfigError, unknown
from pixace.ranges import Range

POSITIONS = ("learned", "axial")
# Layers of Trax's that have neither settings nor weights.
ACTIVATIONS = (
    *("Elu", "FastGelu", "Gelu", "HardSigmoid", "HardTanh", "LeakyRelu", "LogSoftmax"),
    *("ParametricRelu", "Relu", "Selu", "Sigmoid", "Softplus", "Swish", "Tanh"),
)
USUAL = "{name} = {value} is outside [0, 1); 0.1 is usual, 0 turns it off"

Features = Annotated[int, Range(2)]
Layers = Annotated[int, Range(1, 256)]  # each of Trax's takes a tenth of a second to build
Dropout = Annotated[float, Range(0, 1, without=(1,), says=USUAL)]


def check(build: Callable[..., Any], given: Mapping[str, Any]) -> None:
    """Refuses numbers that cannot be meant, or do not fit together, whatever the pictures are.

    Args:
      build: the function that takes them.
      given: its arguments by name.

    Raises:
      ConfigError: says which number does not fit and what would.
    """
    ranges.typed(build.__name__, build, given)
    positions, d_model, n_heads = (given[name] for name in ("positions", "d_model", "n_heads"))
    if positions not in POSITIONS:
        raise ConfigError(unknown("positions", positions, POSITIONS))
    if given["activation"] not in ACTIVATIONS:
        raise ConfigError(unknown("activation", given["activation"], ACTIVATIONS))
    if d_model % n_heads or d_model % 2:
        raise ConfigError(
            f"d_model = {d_model} is not even or no multiple of n_heads = {n_heads}; "
            f"try d_model = {nearest(d_model, n_heads)}"
        )


def check_places(positions: str, grid: tuple[int, int], tokens: int) -> None:
    """Refuses axial positions for a picture that has not one token for each place of the grid.

    Raises:
      ConfigError: says how many there are of both.
    """
    height, width = grid
    if positions == "axial" and height * width != tokens:
        raise ConfigError(
            f"axial positions need one token per place, but {width}x{height} has {height * width} "
            f"places and there are {tokens} tokens; use positions = 'learned'"
        )


def least(given: Mapping[str, Any]) -> int:
    """How many numbers the weights of a model have at least, of any kind; builds nothing.

    Args:
      given: what it would be built with, by name.
    """
    d_model, rows, prefix = given["d_model"], sum(given["grid"]), given["prefix"]
    places = given["length"] if given["positions"] == "learned" else prefix + rows // 2
    ids = 2 * given["vocab_size"] + given["words"]  # embedding and head
    blocks = given["n_layers"] * (2 * given["d_ff"] + 3 * d_model)  # feed-forward, attention
    least: int = d_model * (ids + places + blocks)
    return least


def nearest(d_model: int, n_heads: int) -> int:
    """The even multiple of `n_heads` next to `d_model`."""
    unit = n_heads * (1 + n_heads % 2)
    return max(1, round(d_model / unit)) * unit


def axial(grid: tuple[int, int], d_model: int) -> dict[str, Any]:
    """Trax's arguments for axial positions: half of the features say the row, half the column."""
    rows = d_model // 2
    return {
        "pos_type": "axial",
        "pos_axial_shape": tuple(grid),
        "pos_d_axial_embs": (rows, d_model - rows),
    }
