"""How long a run is: so many steps, so many epochs, or until nothing gets better; and how it goes on after that."""

import csv
import json

import pytest

from cnnkit.engine.records.events import EpochEnd, Finished, Note, StepEnd
from cnnkit.engine.records.options import FitOptions
from cnnkit.engine.run.folder import Run
from cnnkit.engine.training.course import Course, best_epoch


@pytest.fixture
def same_files():
    def check(ours, theirs, names=("best", "last")):
        for name in names:
            a, b = (run / f"weights/{name}.safetensors" for run in (ours, theirs))
            assert a.read_bytes() == b.read_bytes(), name

    return check


def rows(folder):
    return list(csv.DictReader((folder / "results.csv").read_text().splitlines()))


def test_the_last_epoch_has_what_is_left():
    course = Course(steps=10, per_epoch=4)
    assert course.epochs == 3 and [course.batches(epoch) for epoch in range(4)] == [4, 4, 2, 0]
    assert Course(8, 4).epochs == 2 and Course(3, 4).epochs == 1


def test_a_number_of_steps_cuts_the_last_epoch_short_and_judges_it(tiny, tmp_path):
    events = list(tiny.fit(tmp_path / "run", epochs=None, steps=10))
    steps = [e for e in events if isinstance(e, StepEnd)]
    assert [(e.batch, e.batches) for e in steps[6:]] == [(3, 4), (4, 4), (1, 2), (2, 2)]
    assert steps[-1].steps == 10 and steps[-1].epochs == 3 and steps[-1].lr < 0.1 * steps[3].lr
    assert [(e.epoch, e.step) for e in events if isinstance(e, EpochEnd)] == [(1, 4), (2, 8), (3, 10)]
    assert [row["step"] for row in rows(tmp_path / "run")] == ["4", "8", "10"]
    result = events[-1].result
    assert (result.epochs, result.steps, result.stopped_early, result.learned) == (3, 10, False, None)
    note, again = tiny.resume(tmp_path / "run")
    assert "is finished: 10 steps. cnnkit.fit(network, " in note.text
    assert "steps=20) would go on" in note.text and again == events[-1]


@pytest.mark.parametrize(
    "changes",
    [{"steps": 10}, {"steps": 8}, {"steps": 2}, pytest.param({"patience": 1, "epochs": 9}, marks=pytest.mark.slow)],
)
def test_stopping_anywhere_changes_nothing(tiny, tmp_path, same_files, changes):
    """Abandon the generator after many a possible event, as a crash of the caller would, and go on."""
    changes = {"epochs": None, **changes}
    whole = tmp_path / "whole"
    count = len(list(tiny.fit(whole, **changes)))
    for stop in range(1, count, 1 + count // 6):
        folder = tmp_path / f"stopped-{stop}"
        events = tiny.fit(folder, **changes)
        for _ in range(stop):
            next(events)
        events.close()
        list(tiny.resume(folder))
        same_files(folder, whole)
        # All but the two columns of time.
        timed = ("seconds", "images_per_second")
        assert [{k: v for k, v in row.items() if k not in timed} for row in rows(folder)] == [
            {k: v for k, v in row.items() if k not in timed} for row in rows(whole)
        ]


@pytest.mark.parametrize("longer", [{"epochs": 4}, {"epochs": 3}, {"steps": 15}])
def test_an_epoch_that_was_cut_short_is_gone_on_with(tiny, tmp_path, same_files, longer):
    """A longer run is the one that had been that long from the start, with a second cycle from the old end on."""
    list(tiny.fit(tmp_path / "run", epochs=None, steps=10, keep="last"))
    events = list(tiny.resume(tmp_path / "run", **longer))
    assert next(e for e in events if isinstance(e, StepEnd)).batch == 3
    list(
        tiny.fit(
            tmp_path / "straight", **({"epochs": None} | longer), schedule_until=10, schedule_again=True, keep="last"
        )
    )
    same_files(tmp_path / "run", tmp_path / "straight")
    ours, theirs = rows(tmp_path / "run"), rows(tmp_path / "straight")
    for name in ("epoch", "step", "train_loss", "train_accuracy", "val_loss", "val_top1", "lr"):
        assert [row[name] for row in ours] == [row[name] for row in theirs], name


def test_a_run_of_epochs_may_go_on_for_some_steps(tiny, tmp_path, same_files):
    list(tiny.fit(tmp_path / "run"))
    assert list(tiny.resume(tmp_path / "run", steps=14))[-1].result.steps == 14
    list(tiny.fit(tmp_path / "straight", epochs=None, steps=14, schedule_until=12, schedule_again=True))
    same_files(tmp_path / "run", tmp_path / "straight")


def test_an_extended_run_that_crashes_before_its_next_state_is_whole(tiny, tmp_path, same_files):
    list(tiny.fit(tmp_path / "run", epochs=None, steps=10))
    events = tiny.resume(tmp_path / "run", steps=14)
    next(e for e in events if isinstance(e, StepEnd))
    events.close()
    assert len(rows(tmp_path / "run")) == 2
    list(tiny.resume(tmp_path / "run"))
    assert [row["step"] for row in rows(tmp_path / "run")] == ["4", "8", "12", "14"]


def row(val_top1, val_loss=1.0):
    return {"val_top1": val_top1, "val_loss": val_loss}


def test_the_first_of_equally_good_epochs_is_the_best():
    assert best_epoch(FitOptions(), []) == 0 and best_epoch(FitOptions(), [row(0.1)]) == 1
    assert best_epoch(FitOptions(), [row(0.5), row(0.4), row(0.5)]) == 1
    assert best_epoch(FitOptions(), [row(0.5), row(0.4), row(0.5, val_loss=0.9)]) == 3


def test_patience_ends_a_run_that_gets_no_better_and_says_so(tiny, tmp_path):
    # A rate of nothing: the first epoch stays the best.
    events = list(tiny.fit(tmp_path / "run", epochs=9, patience=2, lr=1e-12, ema=0.0, schedule="constant"))
    assert any("Stopped early: no better validation in 2 epochs after epoch 1." in e.text for e in notes(events))
    result = events[-1].result
    assert result.stopped_early and (result.epochs, result.best_epoch) == (3, 1)
    assert json.loads(Run(tmp_path / "run").result.read_text())["stopped_early"]
    note, again = tiny.resume(tmp_path / "run")
    assert "was stopped early: no better validation in 2 epochs after epoch 1" in note.text
    assert "patience=4) or cnnkit.fit(" in note.text and "epochs=6) would go on" in note.text
    assert again == events[-1]


def notes(events):
    return [event for event in events if isinstance(event, Note)]


@pytest.mark.parametrize(("changes", "epochs"), [({"patience": 4}, 5), ({"patience": 0}, 9), ({"epochs": 6}, 6)])
def test_a_run_that_was_stopped_early_can_go_on(tiny, tmp_path, changes, epochs):
    list(tiny.fit(tmp_path / "run", epochs=9, patience=2, lr=1e-12, ema=0.0, schedule="constant"))
    first, *_, last = tiny.resume(tmp_path / "run", **changes)
    assert isinstance(last, Finished) and last.result.epochs == epochs
    off = any("--patience 2 no longer ends this run" in note for note in first.notes)
    assert off == (changes.get("patience", 0) == 0)


def test_patience_does_not_look_at_which_weights_are_kept(tiny, tmp_path):
    options = {"epochs": 9, "patience": 2, "lr": 1e-12, "ema": 0.0, "schedule": "constant"}
    result = list(tiny.fit(tmp_path / "run", keep="last", **options))[-1].result
    assert (result.epochs, result.best_epoch) == (3, 3)
