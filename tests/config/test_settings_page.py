"""docs/settings.md says what the code says.

It is made from the docstrings; to make it anew: `python tests/config/test_settings_page.py`.
"""

import inspect
import re
from pathlib import Path

from pixace import models, ranges
from pixace.data.preprocessing import Preprocessing
from pixace.text.captions import Captions
from pixace.training.settings import CodebookSettings, TrainSettings

DECIDED = (*models.DECIDED, "attention_settings")
PAGE = Path(__file__).parents[2] / "docs" / "settings.md"
INTRO = """# Settings

Everything that a gin file or `--set` may bind. `bin/pixace train --set 'train.ema = 0.99'` changes
one of them for one run; a file that begins with `include 'digits.gin'` changes several. The shipped
files set a model's shape by `D_MODEL`, `D_FF`, `LAYERS`, `HEADS`, `DROPOUT` and `POSITIONS`, for
all models at once: `--set 'LAYERS = 8'`.

What Trax's attention takes besides is reached by Trax's names: `LSHSelfAttention.n_hashes`,
`SelfAttention.chunk_len`. What the pictures decide (vocabulary and length) cannot be bound.
"""


def rows(name, function, decided=()):
    """One line of a table for each keyword of a function: name, default, meaning."""
    text, numbers = inspect.getdoc(function), ranges.numbers(function)
    for key, parameter in inspect.signature(function).parameters.items():
        if key not in decided:
            said = re.search(rf"^ +{key}: (.*?)(?=^ +\w+: |^\S|\Z)", text, re.DOTALL | re.MULTILINE)
            meaning = " ".join(said[1].split())
            taken = numbers[key].range.rule if key in numbers else ""
            yield f"| `{name}.{key}` | `{parameter.default!r}` | {meaning} | {taken} |"


def page():
    """The whole page."""
    lines = [INTRO]
    for title, name, function, decided in (
        ("Pictures", "pictures", Preprocessing, ()),
        ("Captions", "captions", Captions, ()),
        ("Training", "train", TrainSettings, ()),
        ("Codebook", "codebook", CodebookSettings, ()),
        *((f"Model: {kind}", kind, build, DECIDED)
          for kind, build in models.KINDS.items()),
    ):  # fmt: skip
        lines += [f"## {title}", "", "| binding | default | meaning | numbers |"]
        lines += ["| --- | --- | --- | --- |"]
        lines += [*rows(name, function, decided), ""]
    lines += ["## Which model", "", "| binding | default | meaning |", "| --- | --- | --- |"]
    lines += [f"| `model.kind` | `'transformer'` | {' or '.join(f'`{k}`' for k in models.KINDS)} |"]
    return "\n".join(lines) + "\n"


def test_the_page_says_what_the_code_says():
    assert PAGE.read_text(encoding="utf-8") == page()


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
