"""What is decided for so many minutes: a table of sets, pictures and machines, without a clock."""

import itertools
import math

import pytest

from pixace.training import budget
from pixace.training.budget import SHAPES, Measured, Pictures, Shape

TINY, SMALL, *_, ORIGINAL = SHAPES
COUNTS, TOKENS, SPEEDS = (50, 3_000, 60_000, 1_000_000), (64, 256, 1024, 4096), (4e9, 4e10, 4e12)
CASES = list(itertools.product(COUNTS, TOKENS, SPEEDS, (60, 1800, 7200)))
IDS = 1000


def measured(choice, pictures, speed):
    """A machine that gets through so much in a second, and compiles for ten."""
    picture = pictures.tokens * choice.shape.work(pictures) / speed
    return Measured(10.0, choice.batch_size * picture, picture / 3, 1.0, 3.0)


@pytest.mark.parametrize(("count", "tokens", "speed", "seconds"), CASES)
def test_whatever_is_learned_wherever_is_decided_sensibly(count, tokens, speed, seconds):
    pictures = Pictures(count, tokens, IDS)
    choice = budget.choice(speed, seconds, pictures)
    in_batch = choice.batch_size * tokens
    assert choice.shape in SHAPES
    assert 1 <= choice.batch_size <= max(1, count // 10)
    assert in_batch <= max(tokens, budget.TOKENS[1])
    assert choice.batch_size in (1, count // 10) or in_batch > budget.TOKENS[0] - tokens
    machine = measured(choice, pictures, speed)
    judged, most = machine.judged(seconds), budget.most_steps(choice.batch_size, pictures)
    steps, every = machine.steps(seconds, judged, most=most)
    assert 1 <= every <= steps <= most
    assert math.ceil(steps / every) <= budget.EVALUATIONS
    assert (steps - 1) * choice.batch_size <= budget.PASSES * count
    whole = machine.total(steps, judged, every)
    if steps > budget.LEAST:
        assert whole <= seconds + machine.step
    if budget.LEAST < steps < most:
        assert whole > 0.95 * seconds


@pytest.mark.parametrize(
    ("pictures", "speed", "minutes", "shape", "batch_size"),
    [
        (Pictures(10_000, 1024, 6_895), budget.CPU, 30, SMALL, 4),  # photographs on two cores
        (Pictures(57_000, 784, 18), budget.CPU, 30, SMALL, 10),  # MNIST
        (Pictures(50, 1024, 6_895), budget.CPU, 30, TINY, 2),
        (Pictures(10**6, 1024, 6_895), budget.CPU, 1, TINY, 2),
        (Pictures(10**6, 1024, 6_895), 100 * budget.CPU, 60, ORIGINAL, 32),
        (Pictures(1_000, 1024, 6_895), 100 * budget.CPU, 30, SMALL, 4),  # they are worth no more
    ],
)
def test_models_grow_with_the_machine_the_time_and_the_pictures(
    pictures, speed, minutes, shape, batch_size
):
    found = budget.choice(speed, 60 * minutes, pictures)
    assert (found.shape, found.batch_size) == (shape, batch_size)


@pytest.mark.parametrize(("count", "tokens"), [*itertools.product(COUNTS, TOKENS)])
def test_no_model_is_smaller_on_a_faster_machine(count, tokens):
    pictures = Pictures(count, tokens, IDS)
    found = [budget.choice(4**n * 1e9, 1800, pictures).shape.weights for n in range(8)]
    assert found == sorted(found)


def test_only_shapes_that_are_offered_are_taken():
    mine = Shape(64, 2, 2)
    pictures = Pictures(10**6, 64, IDS)
    assert budget.choice(1e15, 1800, pictures, [mine]).shape == mine
    assert budget.choice(1.0, 1800, pictures, [mine]).shape == mine


def test_tokens_seen_again_are_worth_less_and_in_the_end_nothing():
    pictures = Pictures(10, 100, IDS)
    assert pictures.worth(400) == 400
    assert pictures.worth(1000) == 1000
    worth = [pictures.worth(1000 * times) for times in range(1, 100)]
    gains = [after - before for before, after in itertools.pairwise(worth)]
    assert gains == sorted(gains, reverse=True)
    assert 900 < gains[0] < 1000
    assert pictures.worth(1e9) == pytest.approx(1000 * (1 + budget.WORTH))


@pytest.mark.parametrize(
    ("count", "speed", "few"),
    [
        (budget.FEW - 1, budget.CPU, True),
        (2 * budget.FEW, budget.CPU, False),
        (2 * budget.FEW, 20 * budget.CPU, True),
    ],
)
def test_few_pictures_or_many_passes_are_kept_from_being_learned_by_heart(count, speed, few):
    settings = budget.choice(speed, 1800, Pictures(count, 1024, 6_895)).settings
    assert (settings.items() >= budget.FOR_FEW.items()) == few
    assert settings["D_FF"] == 4 * settings["D_MODEL"]


def test_steps_are_what_time_is_left_for_beside_all_else():
    machine = Measured(start=20.0, step=0.5, judging=0.01, drawing=4.0, collage=6.0)
    # 100 s: 74 beside start and collage, of which 5 % are no whole evaluation, but one must be.
    assert machine.steps(100, 100) == (138, 138)
    assert machine.total(138, 100, 138) == 100
    # Every 20 steps: 10 s, and 5 for an evaluation; after four of them 14 s are left.
    assert machine.steps(100, 100, every=20) == (98, 20)
    assert machine.total(98, 100, 20) == 100
    assert machine.steps(100, 100, most=30) == (30, 30)
    assert machine.steps(1, 100) == (budget.LEAST, budget.LEAST)


def test_a_picture_that_takes_long_is_judged_with_fewer_others():
    slow, quick = (Measured(20.0, 1.0, each, 1.0, 6.0) for each in (1.0, 1e-4))
    assert (slow.judged(1800), quick.judged(1800)) == budget.JUDGED


def test_the_pace_begins_slowly_and_looks_ten_times():
    assert budget.paced(5000) == {
        "train.steps": 5000,
        "train.warmup_steps": 100,
        "train.evaluate_every": 500,
    }
    assert budget.paced(12, 5)["train.warmup_steps"] == 2
    assert budget.paced(12, 5)["train.evaluate_every"] == 5
