"""The peer's plan: as many steps as fit, and a rate for each."""

import pytest
from plan import rate_at, steps_within


def test_whole_steps_fit_into_the_budget_and_one_always_does():
    assert steps_within(120, 0.25) == 480
    assert steps_within(1, 0.3) == 3
    assert steps_within(0.1, 2.0) == 1


@pytest.mark.parametrize(("steps", "warmup"), [(5000, 100), (200, 20)])
def test_the_rate_grows_in_a_line_and_falls_by_a_cosine_to_a_tenth(steps, warmup):
    rates = [rate_at(step, steps, 0.002) for step in range(steps)]
    assert rates[0] == pytest.approx(0.002 / (warmup + 1))
    assert rates[warmup // 2 - 1] == pytest.approx(rates[0] * (warmup // 2))
    assert max(rates) == rates[warmup] == 0.002
    assert rates[warmup:] == sorted(rates[warmup:], reverse=True)
    assert rates[(steps - 1 + warmup) // 2] == pytest.approx(0.0011, rel=0.02)
    assert rates[-1] == pytest.approx(0.0002)


def test_the_shortest_training_has_the_whole_rate():
    assert rate_at(0, 1, 0.002) == 0.002
