"""docs/zoo.md: a card for each model that comes along, out of what its file says of itself."""

from collections.abc import Sequence
from pathlib import Path
from textwrap import fill, wrap

from pixace.runs import model_file
from pixace.runs.description import Card
from pixace.zoo import shipped

WIDTH = 120  # columns of prose
HEAD = """# Models that come along

They need no network and no training, and draw at once: `pixace generate --run NAME`. `pixace
models` lists them. Weights are MIT-licensed as pixace is; whose pictures they learned from stands
with each.

Bits and nats are those of pictures that were held out, but for those under `learned`: bits per
pixel of training pictures. Bits per dimension are those of the 8-bit picture. A copy is nearer to
one training picture, beside the next ones, than 99 of 100 held-out pictures are. Minutes are what
the steps took on one or both of two cores, shared with other work.

This page is written by `bin/zoo`, which trains them anew, out of what the files say of themselves.
"""
DEFAULT = f"Without runs of your own, `{shipped.DEFAULT}` draws."
COLUMNS = [
    *("model", "file", "pictures", "steps", "minutes", "held out"),
    *("nats per token", "bits per pixel", "learned", "per dimension"),
]


def page(files: Sequence[Path]) -> str:
    """The whole page."""
    head = [wrapped(" ".join(part.split("\n"))) for part in HEAD.strip().split("\n\n")]
    if any(path.stem == shipped.DEFAULT for path in files):
        head.append(DEFAULT)
    table = [COLUMNS, ["---"] * len(COLUMNS), *map(row, files)]
    lines = [f"| {' | '.join(cells)} |" for cells in table]
    return "\n".join(["\n\n".join(head), "", *lines, "", *map(card, files)])


def row(path: Path) -> list[str]:
    """What a model has in the table of all.

    Raises:
      RunError: the file is no model, or has no card.
    """
    facts = card_of(path).facts
    dimension = facts.get("bits_per_dimension")
    return [
        f"[{path.stem}](#{path.stem})",
        f"{path.stat().st_size / 1e6:.1f} MB",
        f"{facts['learned']:,}",
        f"{facts['steps']:,}",
        f"{facts['minutes']:g}",
        f"{facts['pictures']:,}",
        f"{facts['nats_per_token']:.3f}",
        f"{facts['bits_per_pixel']:.3f}",
        f"{facts['learned_bits_per_pixel']:.3f}",
        f"{dimension:.3f}" if dimension else "–",
    ]


def card_of(path: Path) -> Card:
    """What a file says of itself.

    Raises:
      RunError: the file is no model, or has no card.
    """
    card = model_file.described(path).card
    assert card is not None, path
    return card


def card(path: Path) -> str:
    """What a model's users should know.

    Raises:
      RunError: the file is no model, or has no card.
    """
    told = card_of(path)
    facts = told.facts
    novelty = facts["novelty"]
    lines = [
        f"## {path.stem}",
        "",
        wrapped(f"{told.about[0].upper()}{told.about[1:]}. Learned from {told.credit}."),
        "",
        f"![pictures drawn by {path.stem}](pictures/zoo-{path.stem}.png)",
        "",
        wrapped(
            f"Of {novelty['pictures']} new pictures {novelty['copies'] or 'none'} "
            f"{'is a copy' if novelty['copies'] == 1 else 'are copies'}; their distance to the "
            f"nearest training picture is {novelty['distance']:.1f} (median of root mean squared "
            f"differences, of 255), that of held-out pictures {novelty['held_out']:.1f}. Each "
            "stands above its nearest here, the nearest pair first, copies with a frame:"
        ),
        "",
        f"![each above its nearest training picture](pictures/zoo-{path.stem}-nearest.png)",
        "",
        "```sh",
        *map(command, facts["commands"]),
        "```",
        "",
    ]
    return "\n".join(lines)


def command(text: str) -> str:
    """A command in lines that a shell takes together."""
    lines = wrap(text, WIDTH - 8, break_long_words=False, break_on_hyphens=False)
    return " \\\n    ".join(lines)


def wrapped(text: str) -> str:
    """Prose in lines; addresses stay whole."""
    return fill(text, WIDTH, break_long_words=False, break_on_hyphens=False)
