"""Schedules: pure functions of the step."""

import pytest

from cnnkit.errors import UsageError
from cnnkit.optim import Constant, Cosine, OneCycle, Step, Triangle, schedule

every_schedule = pytest.mark.parametrize("name", schedule.names())


@every_schedule
def test_the_rate_stays_at_its_last_value(name):
    rate = schedule.create(name, 0.1, 100)
    assert rate.lr(100) == rate.lr(99) == rate.lr(10_000)


@every_schedule
def test_a_warm_up_climbs_to_the_peak(name):
    rate = schedule.create(name, 0.1, 100, warmup=10)
    climb = [rate.lr(step) for step in range(11)]
    assert climb == sorted(climb) and climb[0] <= 0.02
    assert rate.lr(10) == pytest.approx(0.1)
    assert max(rate.lr(step) for step in range(200)) <= 0.1


@every_schedule
def test_all_steps_may_be_warm_up(name):
    rate = schedule.create(name, 0.1, 3, warmup=3)
    assert 0 < rate.lr(0) <= rate.lr(2) == rate.lr(9)


@every_schedule
def test_a_single_step_is_enough(name):
    assert schedule.create(name, 0.1, 1).lr(0) > 0


def test_constant_is_the_peak():
    assert Constant(10, 0.1).lr(0) == Constant(10, 0.1).lr(99) == 0.1


def test_step_falls_by_its_factor():
    rate = Step(90, 1.0)
    assert [rate.lr(step) for step in (0, 29, 30, 59, 60, 89)] == pytest.approx([1, 1, 0.1, 0.1, 0.01, 0.01])


def test_cosine_is_half_way_down_in_the_middle():
    rate = Cosine(100, 1.0, floor=0.2)
    assert rate.lr(0) == 1
    assert rate.lr(50) == pytest.approx(0.6)
    assert 0.2 < rate.lr(99) < 0.201


def test_one_cycle_climbs_and_falls():
    rate = OneCycle(100, 1.0, warmup=30)
    assert rate.lr(0) == pytest.approx(1 / 25)
    assert rate.lr(30) == 1
    assert rate.lr(99) < 0.001


def test_one_cycle_climbs_over_a_third_by_custom():
    assert schedule.create("one-cycle", 1.0, 100).lr(30) == 1


def test_a_triangle_climbs_and_falls_in_straight_lines():
    rate = Triangle(101, 1.0, warmup=20)
    assert [rate.lr(step) for step in (0, 10, 20)] == pytest.approx([0.2, 0.6, 1])
    steps = [rate.lr(step) - rate.lr(step + 1) for step in range(20, 99)]
    assert steps == pytest.approx([0.93 / 81] * len(steps))
    assert 0.07 < rate.lr(100) < 0.09


def test_a_triangle_climbs_over_a_quarter_by_custom():
    assert schedule.create("triangle", 1.0, 100).lr(23) == 1


@pytest.mark.parametrize(
    ("create", "message"),
    [
        (lambda: schedule.create("cosinus", 0.1, 10), "no schedule 'cosinus'. Did you mean 'cosine'"),
        (lambda: Constant(0, 0.1), "total_steps is 0, expected at least 1"),
        (lambda: Constant(1, -0.1), r"peak \(the learning rate\) is -0.1"),
        (lambda: Cosine(10, 0.1, warmup=11), "warmup is 11 steps, expected 0 to 10"),
        (lambda: Step(10, 0.1, every=0), "every is 0, expected a share"),
    ],
)
def test_what_cannot_be_is_refused(create, message):
    with pytest.raises(UsageError, match=message):
        create()
