"""The learning rate through a run, and through its continuation."""

import pytest

from cnnkit.engine.options import FitOptions
from cnnkit.engine.rate import Rate, changed
from cnnkit.errors import UsageError

OPTIONS = FitOptions(epochs=4, lr=0.1, schedule="cosine")


def test_behind_its_end_the_rate_stays():
    rate = Rate(OPTIONS, 10)
    assert rate.lr(0) == 0.1 and rate.lr(39) == rate.lr(1000) < 0.001
    assert rate.note(0, 40) is None and rate.note(40, 40) is None
    assert rate.note(5, 50) == f"The schedule ends with step 40: after it the learning rate stays at {rate.lr(99):g}."
    assert rate.note(40, 50) == f"The schedule is over: after it the learning rate stays at {rate.lr(99):g}."


def test_a_new_end_leaves_the_schedule_its_old_one():
    longer = changed(OPTIONS, {"epochs": 8}, 4)
    assert longer.schedule_epochs == 4
    assert changed(longer, {"epochs": 9}, 8).schedule_epochs == 4
    assert all(Rate(longer, 10).lr(step) == Rate(OPTIONS, 10).lr(step) for step in range(80))


def test_a_new_schedule_begins_now_and_spans_the_rest():
    new = changed(OPTIONS, {"epochs": 8, "schedule": "step", "lr": 0.2}, 4)
    rate = Rate(new, 10)
    assert rate.lr(40) == 0.2 and rate.lr(79) == pytest.approx(0.002)


def test_a_new_rate_alone_is_kept_to_the_end():
    rate = Rate(changed(OPTIONS, {"epochs": 8, "lr": 0.2}, 4), 10)
    assert {rate.lr(step) for step in range(40, 80)} == {0.2}


def test_the_rate_of_the_head_keeps_its_proportion():
    new = changed(OPTIONS.replace(head_lr=0.5), {"lr": 0.01}, 2)
    assert new.head_lr == pytest.approx(0.05)
    assert changed(OPTIONS.replace(head_lr=0.5), {"threads": 1}, 2).head_lr == 0.5
    with pytest.raises(UsageError, match="head_lr cannot change when a run goes on"):
        changed(OPTIONS, {"head_lr": 0.1}, 2)


def test_threads_change_nothing_of_the_course():
    assert changed(OPTIONS, {"threads": 1}, 2) == OPTIONS.replace(threads=1)


def test_what_a_run_is_made_of_cannot_change():
    with pytest.raises(UsageError, match="seed cannot change when a run goes on"):
        changed(OPTIONS, {"seed": 4}, 0)
    with pytest.raises(UsageError, match="epochs is 0, but"):
        changed(OPTIONS, {"epochs": 0}, 1)
    with pytest.raises(UsageError, match="epochs is 0, expected"):
        changed(OPTIONS, {"epochs": 0}, 0)
