"""Words that a user may choose among: what explains them names all of them."""

import inspect

import pytest
from click.testing import CliRunner

import pixace
from pixace import choices
from pixace.api import import_weights, tokenize
from pixace.cli import main
from pixace.data.preprocessing import Preprocessing
from pixace.images import loader
from pixace.tokenizers import orders


def entry(taker, name):
    """What a docstring says of one argument."""
    text = inspect.getdoc(taker).partition(f" {name}: ")[2]
    return text.partition(".\n")[0].replace("\n", " ").lower()


@pytest.mark.parametrize("taker", [pixace.tokenize, tokenize.compare, pixace.train, Preprocessing])
@pytest.mark.parametrize(("name", "words"), [("order", choices.ORDERS), ("fit", choices.FITS)])
def test_docstrings_name_every_choice(taker, name, words):
    for word in words:
        assert f"`{word}`" in entry(taker, name)


def test_the_help_of_tokenize_names_every_choice():
    said = " ".join(CliRunner().invoke(main, ["tokenize", "--help"]).output.split()).lower()
    for word in (*choices.ORDERS, *choices.FITS, *choices.ALPHAS, choices.COLORS):
        assert word in said


def test_every_choice_is_one():
    for order in choices.ORDERS:
        assert len(orders.by_spec(order.replace(":n", ":2"), (4, 4))) == 16
    for fit in choices.FITS:
        for alpha in choices.ALPHAS:
            loader.check(fit, alpha)


def test_colors_have_one_default():
    for taker in (pixace.tokenize, import_weights.import_weights, Preprocessing):
        assert inspect.signature(taker).parameters["colors"].default == choices.COLORS
    assert inspect.signature(tokenize.compare).parameters["colors"].default[0] == choices.COLORS
