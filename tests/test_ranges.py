"""Numbers: each has a range where it is taken, and what lies outside is answered in a line."""

import inspect
import math
from dataclasses import fields, is_dataclass
from types import UnionType
from typing import Annotated, Union, get_args, get_origin, get_type_hints

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pixace
from pixace import models, ranges
from pixace.api import tokenize
from pixace.api.trained import Trained
from pixace.config import gin_files, parts
from pixace.config.shorthands import tracked
from pixace.data.preprocessing import Preprocessing, RawPreprocessing
from pixace.errors import ConfigError, PixaceError
from pixace.ranges import LARGEST, Count, Number, Range, check, plain, several
from pixace.sampling.sampler import SamplingSettings
from pixace.training.settings import CodebookSettings, TrainSettings

LIMIT = 2**32  # of seeds

# What takes numbers, its name in messages, and what else it must be given.
PLACE = {"vocab_size": 11, "length": 21, "grid": (3, 7)}
TAKERS = {
    TrainSettings: ("train.", {}),
    CodebookSettings: ("codebook.", {}),
    models.transformer: ("transformer.", PLACE),
    models.reformer: ("reformer.", PLACE),
    models.modern: ("modern.", PLACE),
    Preprocessing: ("", {}),
    RawPreprocessing: ("", {}),
    SamplingSettings: ("", {}),
    tokenize.tokenize: ("", {"source": "nothing", "out": "nowhere"}),
    tokenize.compare: ("", {"source": "nothing", "out": "nowhere.png"}),
    Trained.generate: ("", {"self": None}),
    Trained.complete: ("", {"self": None, "pictures": ()}),
}
# What these hand on to others of the list, as it is.
HANDED_ON = {
    tokenize.tokenize: {"validation_fraction"},
    tokenize.compare: {"validation_fraction"},
    Trained.generate: {each.name for each in fields(SamplingSettings)},
    Trained.complete: {each.name for each in fields(SamplingSettings)},
}


def members(hint):
    """The members of a union, or the one type."""
    return get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)


def parameters(taker):
    """Names of the parameters that take a number; texts such as `32x24` are read elsewhere."""
    hints = get_type_hints(taker)
    names = inspect.signature(taker).parameters.keys() & hints.keys()
    kinds = {name: {*members(hints[name])} for name in names - HANDED_ON.get(taker, set())}
    return sorted(name for name in kinds if kinds[name] & {int, float} and str not in kinds[name])


EVERY = [(taker, name) for taker in TAKERS for name in parameters(taker)]


def label(value):
    return getattr(value, "__qualname__", str(value))


@pytest.mark.parametrize(("taker", "name"), EVERY, ids=label)
def test_every_number_has_a_range_that_its_default_is_in(taker, name):
    number = ranges.numbers(taker)[name]
    default = inspect.signature(taker).parameters[name].default
    if default not in (inspect.Parameter.empty, None):
        assert number.checked(name, default) == default


def test_no_number_is_overlooked():
    """The walk finds what it should: names that are known to be numbers."""
    assert {"steps", "learning_rate", "ema", "samples"} < set(parameters(TrainSettings))
    assert {"codes", "beta", "shown"} < set(parameters(CodebookSettings))
    assert parameters(SamplingSettings) == sorted(each.name for each in fields(SamplingSettings))
    assert parameters(Preprocessing) == ["limit", "validation_fraction"]
    assert {"d_model", "d_ff", "n_layers", "n_heads"} < set(parameters(models.reformer))


def outside(taker, number):
    """Values that a number cannot be: of another kind, not finite, or beyond an end."""
    kinds = [True, False, np.True_, "3", b"3", [3], (), np.array([3]), 3j, math.nan, math.inf]
    kinds += [-math.inf, np.float32("nan"), 10**400, -(10**400)]
    if not (number.optional or is_dataclass(taker) or taker in HANDED_ON):  # there a default
        kinds.append(None)
    whole = st.integers(-(10**20), 10**20)
    beyond = whole if number.kind is int else whole | st.floats(allow_nan=False)
    if number.kind is int:
        kinds += [3.5, 3.0, np.float64(3.0), jnp.float32(3)]
    most = LARGEST[number.kind] if number.range.high == math.inf else number.range.high
    return st.sampled_from(kinds) | beyond.filter(
        lambda value: value not in number.range or value > most
    )


def call(taker, name, value):
    return taker(**TAKERS[taker][1] | {name: value})


@pytest.mark.parametrize(("taker", "name"), EVERY, ids=label)
def test_what_lies_outside_is_refused_in_a_line(taker, name):
    number = ranges.numbers(taker)[name]

    @given(outside(taker, number))
    def refused(value):
        with pytest.raises(ConfigError) as caught:
            call(taker, name, value)
        line = str(caught.value)
        assert "\n" not in line
        if number.range.says == Range(0).says:
            assert line.startswith(f"{TAKERS[taker][0]}{name} ")

    refused()


@pytest.mark.parametrize(
    ("taker", "name", "value", "line"),
    [
        (TrainSettings, "clip", -1.0, "train.clip is -1.0; it must be 0 or more"),
        (TrainSettings, "samples", -3, "train.samples is -3; it must be 0 or more"),
        (TrainSettings, "learning_rate", 0, "train.learning_rate is 0; it must be above 0"),
        (
            TrainSettings,
            "learning_rate",
            math.nan,
            "train.learning_rate is nan; it must be above 0, and finite",
        ),
        (TrainSettings, "ema", 1.0, "train.ema is 1.0; it must be 0 or more and below 1"),
        (
            TrainSettings,
            "drop_caption",
            1.5,
            "train.drop_caption is 1.5; it must be 0 or more and at most 1",
        ),
        (
            TrainSettings,
            "steps",
            2**31,
            "train.steps is 2147483648; it must be 1 or more, and below 2**31",
        ),
        (
            TrainSettings,
            "steps",
            True,
            "train.steps = True is no int; docs/settings.md lists them",
        ),
        (CodebookSettings, "codes", 0, "a codebook of 0 codes says nothing; ask for 2 or"),
        (CodebookSettings, "shown", -1, "codebook.shown is -1; it must be 0 or more"),
        (models.transformer, "d_ff", 0, "transformer.d_ff is 0; it must be 1 or more"),
        (models.reformer, "n_heads", 0, "reformer.n_heads is 0; it must be 1 or more"),
        (models.reformer, "window", -1, "reformer.window is -1; it must be 0 or more"),
        (models.reformer, "dropout", 1.5, "reformer.dropout = 1.5 is outside [0, 1); 0.1 is"),
        (
            SamplingSettings,
            "seed",
            LIMIT,
            f"seed is {LIMIT}; it must be 0 or more and below {LIMIT}",
        ),
        (SamplingSettings, "top_p", 0.0, "top_p is 0.0; it must be above 0 and at most 1"),
        (SamplingSettings, "top_k", 2.0, "top_k = 2.0 is no int"),
        (Preprocessing, "validation_fraction", -1, "a validation fraction of -1 makes no sense"),
        (tokenize.tokenize, "workers", 0, "workers is 0; it must be 1 or more"),
        (tokenize.compare, "pictures", 0, "pictures is 0; it must be 1 or more"),
        (Trained.generate, "n", 2.5, "n = 2.5 is no int"),
        (Trained.complete, "samples", 0, "nothing to complete: at least one temperature and one"),
    ],
    ids=label,
)
def test_the_line_names_the_setting_the_value_and_the_rule(taker, name, value, line):
    with pytest.raises(ConfigError) as caught:
        call(taker, name, value)
    assert str(caught.value).startswith(line)


@pytest.mark.parametrize("value", [True, math.nan, 0, -1, 32.0, "0", [32]], ids=repr)
def test_a_size_that_is_none_is_refused_at_once(value):
    with pytest.raises(PixaceError, match=r"^no size '") as caught:
        Preprocessing(size=value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("binding", "words"),
    [
        ("train.clip = -1", "train.clip is -1; it must be 0 or more"),
        ("train.steps = True", "train.steps = True is no int"),
        ("train.steps = 3.5", "train.steps = 3.5 is no int"),
        ("train.learning_rate = 1e999", "train.learning_rate is inf; it must be a finite number"),
        ("train.seed = -1", "train.seed is -1; it must be 0 or more and below 4294967296"),
        ("train.evaluate_pictures = 0", "train.evaluate_pictures is 0; it must be 1 or more"),
        ("train.warmup_steps = -5", "train.warmup_steps is -5; it must be 0 or more"),
        ("D_FF = 0", "transformer.d_ff is 0; it must be 1 or more"),
        ("LAYERS = 0", "transformer.n_layers is 0; it must be 1 or more"),
        ("HEADS = 3", "d_model = 8 is not even or no multiple of n_heads = 3; try d_model = 6"),
        ("DROPOUT = 1.5", r"transformer.dropout = 1.5 is outside \[0, 1\)"),
        ("WINDOW = -1", "transformer.window is -1; it must be 0 or more"),
        ("pictures.validation_fraction = 2", "a validation fraction of 2 makes no sense"),
        ("pictures.size = True", "pictures.size = True is no str | int | None"),
        ("captions.longest = True", "captions.longest = True is no int"),
        ("transformer.remat = 1", "transformer.remat = 1 is no bool"),
    ],
)
def test_what_is_bound_is_refused_before_pictures_are_read(tiny, tmp_path, binding, words):
    """There are none at that place, which would be the next thing to be said."""
    with pytest.raises(ConfigError, match=words.replace("|", r"\|")) as caught:
        pixace.train(tmp_path / "nothing", gin="base", bindings=[*tiny, binding], root=tmp_path)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("binding", "words"),
    [
        ("codebook.sharpness = -0.5", "codebook.sharpness is -0.5; it must be 0 or more"),
        ("codebook.discriminator_from = -1", "codebook.discriminator_from is -1; it must be 0"),
        ("codebook.revive = 1.5", "codebook.revive is 1.5; it must be 0 or more and at most 1"),
        ("codebook.keep = 0", "codebook.keep is 0; it must be 1 or more"),
        ("codebook.downsample = -4", "codebook.downsample is -4; it must be 2 or more"),
    ],
)
def test_a_codebook_is_refused_before_pictures_are_read(tmp_path, binding, words):
    with pytest.raises(ConfigError, match=words):
        pixace.codebook(tmp_path / "nothing", bindings=[binding], root=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_what_is_still_owed_is_asked_for_before_pictures_are_read(tmp_path):
    with pytest.raises(ConfigError, match=r"transformer\.d_model has no value yet"):
        pixace.train(tmp_path / "nothing", gin="base", root=tmp_path)


def test_a_run_that_goes_on_is_given_numbers_too(tiny_outcome):
    with pytest.raises(ConfigError, match=r"train\.clip is -1; it must be 0 or more"):
        pixace.resume(tiny_outcome.run.path, bindings=["train.clip = -1", "train.steps = 9"])
    assert tiny_outcome.run.read().status == "finished"


@pytest.mark.parametrize("name", gin_files.shipped())
def test_the_shipped_files_keep_to_the_ranges(name):
    settings = gin_files.load(name).values
    parts.pictures(settings)
    if name.startswith("codebook"):
        parts.codebook(settings)
    else:
        parts.model(settings), parts.train(settings)


SAME = [3, np.int8(3), np.uint32(3), np.int64(3), np.array(3), jnp.int32(3)]


@pytest.mark.parametrize("value", SAME, ids=lambda value: type(value).__name__)
def test_whole_numbers_of_others_become_pythons_own(value):
    def taker(steps: Count, rate: ranges.Amount, name: str): ...

    given = check("", taker, {"steps": value, "rate": value, "name": value})
    assert (given["steps"], given["rate"]) == (3, 3.0)
    assert (type(given["steps"]), type(given["rate"])) == (int, float)
    assert given["name"] is value


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64, np.array, jnp.float32])
def test_fractions_of_others_become_pythons_own(kind):
    found = SamplingSettings(temperature=kind(0.5)).temperature
    assert (type(found), found) == (float, 0.5)


def test_none_stands_for_a_default():
    assert (
        SamplingSettings(seed=None, temperature=None, top_p=None, guidance=None)
        == SamplingSettings()
    )
    assert Preprocessing(validation_fraction=None, colors=None) == Preprocessing()


def test_a_number_may_be_left_open():
    number = Number(int, Range(1), optional=True)
    assert number.checked("n", None) is None
    assert ranges.numbers(tokenize.tokenize)["workers"].optional

    def taker(n: Annotated[int, "no range"], words: str | None): ...

    assert ranges.numbers(taker) == {}


def test_what_is_no_number_stays_as_it_is():
    for value in (None, "a", [1], {}, np.arange(3)):
        assert plain(value) is value
    assert plain(np.str_("a")) == "a"
    assert type(plain(np.str_("a"))) is str


def test_a_value_in_a_message_is_one_line_and_not_a_long_one():
    line = ranges.said(np.zeros((40, 40)))
    assert "\n" not in line
    assert len(line) == 80
    assert line.endswith("…")


def test_one_text_or_several_or_none():
    for text in ("a", np.str_("a"), ["a"], np.array(["a"])):
        assert several(text) == ["a"]
    assert several(each for each in "ab") == ["a", "b"]
    assert several(None) == several(()) == []
    assert tracked(None) is tracked(()) is None
    assert tracked(["tensorboard", "none"][:1]) == "tensorboard"
