"""Learning rates: what they are at the steps that define them."""

import pytest

from pixace.errors import ConfigError
from pixace.training import schedules


def rates(name, count=1000, **numbers):
    settings = {"peak": 2.0, "warmup_steps": 10, "steps": count} | numbers
    schedule = schedules.by_name(name, **settings)
    return [float(schedule(step)) for step in range(count)]


@pytest.mark.parametrize("name", schedules.SCHEDULES)
def test_growth_is_linear_until_the_peak(name):
    assert rates(name)[:10] == pytest.approx([0.2 * (step + 1) for step in range(10)])


@pytest.mark.parametrize("name", schedules.SCHEDULES)
def test_no_rate_exceeds_the_peak_or_reaches_zero(name):
    assert 0 < min(rates(name)) <= max(rates(name)) == pytest.approx(2.0)


def test_constant_stays():
    assert set(rates("constant")[9:]) == {2.0}


def test_rsqrt_halves_when_the_steps_are_four_times_as_many():
    found = rates("rsqrt")
    assert found[399] == pytest.approx(found[99] / 2)


def test_cosine_is_half_way_down_in_the_middle_and_ends_at_a_hundredth():
    found = rates("cosine", count=1010)
    assert found[510] == pytest.approx(2.0 * (0.01 + 0.99 / 2))
    assert found[-1] == pytest.approx(0.02, rel=1e-2)


def test_flat_is_level_and_goes_down_in_a_line_over_the_last_two_fifths():
    found = rates("flat")
    assert set(found[9:601]) == {2.0}
    assert found[800] == pytest.approx(1.0)
    assert found[-1] == pytest.approx(2.0 / 400)


def test_flat_has_the_same_beginning_for_any_number_of_steps():
    assert rates("flat")[:600] == rates("flat", count=2000)[:600]


def test_no_warm_up_starts_at_the_peak():
    assert rates("cosine", warmup_steps=0)[0] == pytest.approx(2.0)


def test_an_unknown_name_is_answered_with_the_known_ones():
    with pytest.raises(ConfigError, match=r"'linear'; known: constant, cosine, flat, rsqrt"):
        rates("linear")
