"""The learning rate through a run, and through its continuation."""

import pytest

from cnnkit.engine.course import Course
from cnnkit.engine.options import FitOptions
from cnnkit.engine.rate import Rate, changed
from cnnkit.engine.state import Progress
from cnnkit.errors import UsageError

OPTIONS = FitOptions(epochs=4, lr=0.1, schedule="cosine")


def test_behind_its_end_the_rate_stays():
    rate = Rate(OPTIONS, Course.of(OPTIONS, 10))
    assert rate.lr(0) == 0.1 and rate.lr(39) == rate.lr(1000) < 0.001
    assert rate.note(0, 40) is None and rate.note(40, 40) is None
    assert rate.note(5, 50) == f"The schedule ends with step 40: after it the learning rate stays at {rate.lr(99):g}."
    assert rate.note(40, 50) == f"The schedule is over: after it the learning rate stays at {rate.lr(99):g}."


def test_a_new_end_leaves_the_schedule_its_old_one():
    longer = changed(OPTIONS, {"epochs": 8}, Progress(epoch=4))
    assert longer.schedule_epochs == 4
    assert changed(longer, {"epochs": 9}, Progress(epoch=8)).schedule_epochs == 4
    old, new = (Rate(options, Course.of(options, 10)) for options in (OPTIONS, longer))
    assert all(new.lr(step) == old.lr(step) for step in range(80))


def test_a_new_schedule_begins_now_and_spans_the_rest():
    new = changed(OPTIONS, {"epochs": 8, "schedule": "step", "lr": 0.2}, Progress(epoch=4))
    rate = Rate(new, Course.of(new, 10))
    assert rate.lr(40) == 0.2 and rate.lr(79) == pytest.approx(0.002)


def test_a_new_rate_alone_is_kept_to_the_end():
    new = changed(OPTIONS, {"epochs": 8, "lr": 0.2}, Progress(epoch=4))
    rate = Rate(new, Course.of(new, 10))
    assert {rate.lr(step) for step in range(40, 80)} == {0.2}


def test_the_rate_of_the_head_keeps_its_proportion():
    new = changed(OPTIONS.replace(head_lr=0.5), {"lr": 0.01}, Progress(epoch=2))
    assert new.head_lr == pytest.approx(0.05)
    assert changed(OPTIONS.replace(head_lr=0.5), {"threads": 1}, Progress(epoch=2)).head_lr == 0.5
    with pytest.raises(UsageError, match="head_lr cannot change when a run goes on"):
        changed(OPTIONS, {"head_lr": 0.1}, Progress(epoch=2))


def test_threads_change_nothing_of_the_course():
    assert changed(OPTIONS, {"threads": 1}, Progress(epoch=2)) == OPTIONS.replace(threads=1)


def test_what_a_run_is_made_of_cannot_change():
    with pytest.raises(UsageError, match="seed cannot change when a run goes on"):
        changed(OPTIONS, {"seed": 4}, Progress(epoch=0))
    with pytest.raises(UsageError, match="epochs is 1, but the run has done 2 already"):
        changed(OPTIONS, {"epochs": 1}, Progress(epoch=2))
    with pytest.raises(UsageError, match="epochs is 2, but the run has begun 3 already"):
        changed(OPTIONS, {"epochs": 2}, Progress(epoch=2, batch=1, step=21))
    with pytest.raises(UsageError, match="steps is 20, but the run has done 21 already"):
        changed(OPTIONS, {"steps": 20}, Progress(epoch=2, batch=1, step=21))
    with pytest.raises(UsageError, match="--epochs and --steps are both given"):
        changed(OPTIONS, {"epochs": 8, "steps": 80}, Progress())
    with pytest.raises(UsageError, match="epochs is 0, expected"):
        changed(OPTIONS, {"epochs": 0}, Progress(epoch=0))


def test_a_schedule_spans_the_steps_there_are_and_keeps_its_end_when_more_follow():
    options = OPTIONS.replace(epochs=None, steps=25)
    rate = Rate(options, Course.of(options, 10))
    assert rate.lr(0) == 0.1 and rate.lr(24) < 0.001 < rate.lr(20)
    by_epochs = changed(options, {"epochs": 5}, Progress(epoch=2, batch=5, step=25))
    by_steps = changed(options, {"steps": 50}, Progress(epoch=2, batch=5, step=25))
    assert (by_epochs.steps, by_epochs.epochs, by_epochs.schedule_until) == (None, 5, 25)
    for longer in (by_epochs, by_steps, changed(by_steps, {"epochs": 6}, Progress(epoch=3, step=30))):
        assert all(Rate(longer, Course.of(longer, 10)).lr(step) == rate.lr(step) for step in range(70))
    steps_after_epochs = changed(OPTIONS, {"steps": 45}, Progress(epoch=4, step=40))
    assert (steps_after_epochs.epochs, steps_after_epochs.schedule_epochs) == (None, 4)


def test_a_new_end_after_patience_was_lost_goes_on_without_it():
    rows = [{"val_loss": 1.0, "val_top1": 0.5}] * 3
    stopped = Progress(epoch=3, step=30, history=rows)
    options = OPTIONS.replace(patience=2)
    assert changed(options, {"epochs": 4}, stopped).patience == 0
    assert changed(options, {"epochs": 4, "patience": 9}, stopped).patience == 9
    assert changed(options, {"epochs": 4}, Progress()).patience == 2
