"""The picture of the architecture in docs/DESIGN.md is the import contract, drawn.

It is made from the layers in pyproject.toml and from the first sentence of each docstring; to make
it anew: `python tests/test_architecture.py`.
"""

import ast
import textwrap
import tomllib
from html import escape
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs" / "pictures" / "architecture.svg"

WIDTH, LEFT, MARGIN, GAP, LINE = 960, 48, 16, 6, 17  # pixels
MOST = 4  # boxes side by side
LETTER = 6.6  # pixels, of the sentences' font; a little too wide is safe
HEAD, BESIDE = 22, 170  # pixels: down to a name's baseline, and along to a sentence beside it


def layers():
    """From the top: the names that stand side by side on each floor."""
    contract = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (floors,) = (
        each["layers"]
        for each in contract["tool"]["importlinter"]["contracts"]
        if each["type"] == "layers"
    )
    return [floor.split(" | ") for floor in floors]


def source(name):
    package = ROOT / "pixace" / name
    return package / "__init__.py" if package.is_dir() else package.with_suffix(".py")


def sentence(name):
    """The first sentence of the docstring, without its full stop and marks of code."""
    text = ast.get_docstring(ast.parse(source(name).read_text(encoding="utf-8"))) or ""
    first = " ".join(text.split("\n\n")[0].split()).partition(". ")[0]
    return first.rstrip(".").replace("`", "")


def box(name, x, y, width, height, alone):
    """A name, and what it is: beside it where there is room, or else below."""
    kind = "package" if source(name).name == "__init__.py" else "file"
    title = f"{name}/" if kind == "package" else f"{name}.py"
    yield f'<rect class="{kind}" x="{x}" y="{y}" width="{width}" height="{height}" rx="5"/>'
    yield f'<text class="name" x="{x + 12}" y="{y + HEAD}">{escape(title)}</text>'
    if alone:
        yield f'<text x="{x + BESIDE}" y="{y + HEAD}">{escape(sentence(name))}</text>'
        return
    for i, line in enumerate(below(name, width), 1):
        yield f'<text x="{x + 12}" y="{y + HEAD + i * LINE}">{escape(line)}</text>'


def below(name, width):
    """The sentence in lines that fit a box of so many pixels."""
    return textwrap.wrap(sentence(name), int((width - 24) / LETTER))


def picture():
    """The whole picture, as the text of an SVG."""
    boxes, y = [], MARGIN
    for floor in layers():
        columns = min(len(floor), MOST)
        width = (WIDTH - LEFT - MARGIN - (columns - 1) * GAP) // columns
        for begin in range(0, len(floor), MOST):  # a floor may need two rows
            row = floor[begin : begin + MOST]
            alone = len(floor) == 1
            lines = 0 if alone else max(len(below(name, width)) for name in row)
            height = HEAD + lines * LINE + 12
            for i, name in enumerate(row):
                boxes += box(name, LEFT + i * (width + GAP), y, width, height, alone)
            y += height + 1
        y += GAP
    end = y - GAP - 1
    style = (
        "text{font:13px Helvetica,Arial,sans-serif;fill:#333}"
        ".name{font:bold 14px Menlo,Consolas,monospace;fill:#111}"
        ".package{fill:#e8f0fa;stroke:#6a8fbf}.file{fill:#f4f4f2;stroke:#aaa}"
        "path{fill:none;stroke:#6a8fbf;stroke-width:2}"
    )
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {end + MARGIN}" role="img">',
        "<title>What pixace is made of: each part imports only from below</title>",
        f"<style>{style}</style>",
        f'<rect width="{WIDTH}" height="{end + MARGIN}" fill="#fff"/>',
        f'<path d="M32 {MARGIN} V{end} M26 {end - 9} L32 {end} L38 {end - 9}"/>',
        f'<text transform="translate(22 {end // 2 + 24}) rotate(-90)">imports</text>',
        *boxes,
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def test_the_picture_shows_what_the_contract_says():
    assert PICTURE.read_text(encoding="utf-8") == picture()


def test_the_picture_stands_on_the_page():
    page = (ROOT / "docs" / "DESIGN.md").read_text(encoding="utf-8")
    assert "](pictures/architecture.svg)" in page


@pytest.mark.parametrize("name", [name for floor in layers() for name in floor])
def test_everything_in_the_contract_says_what_it_is(name):
    assert 0 < len(sentence(name)) < 105  # as much as stands beside a name


if __name__ == "__main__":
    PICTURE.write_text(picture(), encoding="utf-8")
