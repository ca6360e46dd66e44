"""The learning rate through a run, and through its continuation."""

import pytest

from cnnkit.engine.records.options import FitOptions
from cnnkit.engine.run.state import Progress
from cnnkit.engine.training.course import Course
from cnnkit.engine.training.rate import Rate, changed
from cnnkit.errors import UsageError

OPTIONS = FitOptions(epochs=4, lr=0.1, schedule="cosine")
ROWS = [{"val_loss": 1.0, "val_top1": 0.5}]


def test_behind_its_end_the_rate_stays():
    rate = Rate(OPTIONS, Course.of(OPTIONS, 10))
    assert rate.lr(0) == 0.1 and rate.lr(39) == rate.lr(1000) < 0.001
    assert rate.note(0) is None and rate.note(40) is None


def test_a_schedule_that_ends_before_the_run_is_told_of():
    """Records of older versions have such schedules, and keep them."""
    options = OPTIONS.replace(epochs=5, schedule_epochs=4)
    rate = Rate(options, Course.of(options, 10))
    assert rate.note(5) == f"The schedule ends with step 40: after it the learning rate stays at {rate.lr(99):g}."
    assert rate.note(40) == f"The schedule is over: after it the learning rate stays at {rate.lr(99):g}."
    assert rate.note(50) is None and rate.lr(40) == rate.lr(49) == rate.lr(39)


@pytest.mark.parametrize("schedule", ["cosine", "one-cycle", "step"])
@pytest.mark.parametrize("end", [{"epochs": 8}, {"steps": 75}, {"epochs": 5}])
def test_a_schedule_that_is_over_begins_a_second_cycle_up_to_the_new_end(schedule, end):
    options = OPTIONS.replace(schedule=schedule)
    done = Progress(epoch=4, step=40, history=ROWS * 4)
    longer = changed(options, end, done)
    old, new = (Rate(each, Course.of(each, 10)) for each in (options, longer))
    assert all(new.lr(step) == old.lr(step) for step in range(40))
    rest = Course.of(longer, 10).steps - 40
    alone = Rate(options, Course.of(options.replace(epochs=None, steps=rest), 10))
    assert [new.lr(40 + step) for step in range(rest)] == [alone.lr(step) for step in range(rest)]
    assert new.note(40) is None
    text = new.moved(old, 40)
    assert (
        text is not None and f"a new cycle ({schedule}) begins: the learning rate starts at {alone.lr(0):.3g}" in text
    )
    assert f"ends at {alone.lr(rest - 1):.3g} with step {40 + rest}" in text


def test_while_the_second_cycle_runs_a_new_end_stretches_it_and_after_it_a_third_begins():
    done = Progress(epoch=4, step=40, history=ROWS * 4)
    second = changed(OPTIONS, {"epochs": 8}, done)
    stretched = changed(second, {"epochs": 10}, Progress(epoch=6, step=60, history=ROWS * 6))
    rate = Rate(stretched, Course.of(stretched, 10))
    assert rate.lr(40) == 0.1 and rate.lr(99) < 0.001 < rate.lr(79)
    third = changed(second, {"epochs": 10}, Progress(epoch=8, step=80, history=ROWS * 8))
    rate = Rate(third, Course.of(third, 10))
    assert rate.lr(80) == 0.1 and rate.lr(99) < 0.001


@pytest.mark.parametrize(("end", "steps"), [({"epochs": 8}, 80), ({"steps": 30}, 30)])
def test_a_schedule_that_still_runs_is_stretched_to_the_new_end(end, steps):
    new = changed(OPTIONS, end, Progress(epoch=2, step=20, history=ROWS * 2))
    old, rate = Rate(OPTIONS, Course.of(OPTIONS, 10)), Rate(new, Course.of(new, 10))
    straight = OPTIONS.replace(epochs=None, steps=steps)
    assert all(rate.lr(step) == Rate(straight, Course.of(straight, 10)).lr(step) for step in range(steps))
    assert rate.moved(old, 20) == (
        f"The schedule now ends with step {steps}: the learning rate goes on at {rate.lr(20):.3g} instead of "
        f"{old.lr(20):.3g}, and ends at {rate.lr(steps - 1):.3g}."
    )


def test_a_constant_rate_stays_and_an_end_that_stays_changes_nothing():
    constant = OPTIONS.replace(schedule="constant")
    done = Progress(epoch=4, step=40, history=ROWS * 4)
    assert changed(constant, {"epochs": 8}, done) == constant.replace(epochs=8)
    assert changed(OPTIONS, {"epochs": 4}, done) == OPTIONS
    same, other = Rate(OPTIONS, Course.of(OPTIONS, 10)), Rate(constant, Course.of(constant, 10))
    assert same.moved(same, 40) is None and other.moved(other, 20) is None


def test_a_run_extended_by_an_older_version_keeps_its_rate_until_its_end_is_moved_again():
    """There the schedule stayed at its last value: from there a new cycle begins."""
    older = OPTIONS.replace(epochs=8, schedule_epochs=4)
    assert changed(older, {"threads": 1}, Progress(epoch=6, step=60)) == older.replace(threads=1)
    new = changed(older, {"epochs": 12}, Progress(epoch=6, step=60, history=ROWS * 6))
    rate = Rate(new, Course.of(new, 10))
    assert rate.lr(60) == 0.1 and rate.lr(119) < 0.001


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
    with pytest.raises(UsageError, match="head_lr cannot change when a run is resumed"):
        changed(OPTIONS, {"head_lr": 0.1}, Progress(epoch=2))


def test_threads_change_nothing_of_the_course():
    assert changed(OPTIONS, {"threads": 1}, Progress(epoch=2)) == OPTIONS.replace(threads=1)


def test_what_a_run_is_made_of_cannot_change():
    with pytest.raises(UsageError, match="seed cannot change when a run is resumed"):
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


def test_a_schedule_spans_the_steps_there_are_and_a_second_cycle_begins_with_the_next_step():
    options = OPTIONS.replace(epochs=None, steps=25)
    rate = Rate(options, Course.of(options, 10))
    assert rate.lr(0) == 0.1 and rate.lr(24) < 0.001 < rate.lr(20)
    done = Progress(epoch=2, batch=5, step=25, history=ROWS * 3)
    for end in ({"epochs": 5}, {"steps": 50}):
        longer = changed(options, end, done)
        again = Rate(longer, Course.of(longer, 10))
        assert (longer.schedule_until, longer.schedule_again) == (25, True)
        assert again.lr(24) == rate.lr(24) and again.lr(25) == 0.1 and again.lr(49) < 0.001


def test_a_second_cycle_begins_without_patience_unless_it_is_given():
    """At a high rate the validation gets worse for a while, and patience would end the run there."""
    done = Progress(epoch=4, step=40, history=ROWS * 4)
    patient = OPTIONS.replace(patience=9)
    assert changed(patient, {"epochs": 8}, done).patience == 0
    assert changed(patient, {"epochs": 8, "patience": 5}, done).patience == 5
    assert changed(patient, {"epochs": 8}, Progress(epoch=2, step=20, history=ROWS * 2)).patience == 9


def test_a_new_end_after_patience_was_lost_goes_on_without_it():
    rows = [{"val_loss": 1.0, "val_top1": 0.5}] * 3
    stopped = Progress(epoch=3, step=30, history=rows)
    options = OPTIONS.replace(patience=2)
    assert changed(options, {"epochs": 4}, stopped).patience == 0
    assert changed(options, {"epochs": 4, "patience": 9}, stopped).patience == 9
    assert changed(options, {"epochs": 4}, Progress()).patience == 2
