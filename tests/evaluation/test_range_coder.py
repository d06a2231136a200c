"""The range coder: known bytes, the cost of what is coded, and all of it back."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixace.evaluation.range_coder import BITS, TOTAL, Decoder, Encoder

HALF = TOTAL // 2
SURE, FIRST, SECOND = (0, TOTAL), (0, HALF), (HALF, HALF)
MIDDLE = (HALF - 1, 2)  # on both sides of the half: what comes next says on which


def encoded(symbols):
    encoder = Encoder()
    for symbol in symbols:
        encoder.encode(*symbol)
    return encoder.finish()


def decoded(data, symbols):
    """Asks for symbols one by one; says of each whether it was found."""
    decoder = Decoder(data)
    for start, width in symbols:
        yield start <= decoder.target() < start + width
        decoder.take(start, width)


@pytest.mark.parametrize(
    ("symbols", "data"),
    [
        ([], b""),
        ([SURE] * 1000, b""),
        ([FIRST] * 1000, b""),  # zero, of which the zeros are left out
        ([SECOND], b"\x80"),
        ([FIRST, SECOND, FIRST, SECOND], b"\x50"),
        ([SECOND] * 16, b"\xff\xff"),
        ([(each << 16, 1 << 16) for each in b"pixace"], b"pixace"),
        ([(TOTAL - 1, 1)] * 3, b"\xff" * 9),
        ([MIDDLE, FIRST], b"\x7f\xff\xff"),
        ([MIDDLE, SECOND], b"\x80"),  # a carry, through a byte of ones that is written
        ([FIRST] * 8 + [MIDDLE, SECOND], b"\x00\x80"),
    ],
)
def test_bytes_that_are_known(symbols, data):
    assert encoded(symbols).rstrip(b"\0") == data
    assert all(decoded(data, symbols))


@st.composite
def symbols(draw):
    """Parts of all widths, the narrowest and those beside the half among them."""
    ends = st.integers(0, TOTAL) | st.sampled_from([0, 1, HALF - 1, HALF, HALF + 1, TOTAL - 1])
    pairs = st.tuples(ends, ends).filter(lambda pair: pair[0] != pair[1])
    ordinary = pairs.map(sorted).map(lambda pair: (pair[0], pair[1] - pair[0]))
    narrow = st.integers(0, TOTAL - 1).map(lambda start: (start, 1))
    return draw(st.lists(ordinary | narrow | st.sampled_from([MIDDLE, FIRST, SECOND]), max_size=60))


@given(symbols())
def test_what_is_coded_comes_back_and_costs_what_it_should(some):
    data = encoded(some)
    assert all(decoded(data, some))
    bits = sum(BITS - math.log2(width) for _, width in some)
    assert 8 * len(data) <= bits + len(some) * 2**-15 + 16
    assert all(decoded(data + b"\0\0", some))


def test_a_long_message_is_as_short_as_its_probabilities_allow():
    """One of 1000 symbols is rare: the mean is its entropy, which is far below a bit."""
    rare = TOTAL // 1000
    some = ([(0, TOTAL - rare)] * 999 + [(TOTAL - rare, rare)]) * 20
    bits = sum(BITS - math.log2(width) for _, width in some)
    assert bits < 0.012 * len(some)
    assert bits <= 8 * len(encoded(some)) < bits + 16


@given(st.binary(max_size=40), st.lists(st.integers(1, TOTAL), min_size=1, max_size=60))
def test_any_bytes_are_some_symbols(data, widths):
    """Two symbols each time, wherever the border: what is decoded is one of them."""
    decoder = Decoder(data)
    for width in widths:
        target = decoder.target()
        assert 0 <= target < TOTAL
        first = target < width
        decoder.take(0 if first else width, width if first else TOTAL - width)
