"""A time is turned into steps: measured, told, written down, and kept to."""

import os
import signal
import tomllib

import numpy as np
import pytest

from cnnkit.data.load.loader import Loader
from cnnkit.engine.records.events import Interrupted, Note, RunStarted, StepEnd
from cnnkit.engine.run.folder import Run
from cnnkit.engine.run.state import Training
from cnnkit.engine.time import budget as budgets
from cnnkit.engine.time.budget import Budget
from cnnkit.engine.time.pace import Pace, measure
from cnnkit.engine.training.course import Course
from cnnkit.engine.training.defaults import resolve
from cnnkit.engine.training.outcomes import Outcomes
from cnnkit.engine.training.signals import Stopped
from cnnkit.engine.training.step import train_step
from cnnkit.errors import UsageError
from cnnkit.tasks import ClassificationTask


def test_as_many_steps_fit_as_leave_time_to_judge():
    pace = Pace(step=1.0, val=3.0, test=10.0)
    # 4 steps and a validation take 7 s; a step of a further epoch takes a validation too.
    for seconds, steps in ((5, 0), (13.9, 0), (14, 1), (17, 4), (20.9, 4), (21, 5), (24, 8), (1e3, 564)):
        assert pace.steps_within(seconds, per_epoch=4) == steps, seconds
        if steps:
            assert pace.seconds(Course(steps, 4)) <= seconds < pace.seconds(Course(steps + 1, 4))
    # Six steps are over: two of the second epoch and its validation are left, then whole epochs.
    assert pace.steps_within(15, per_epoch=4, done=6) == 8
    assert pace.steps_within(0, per_epoch=4, done=6) == 6


def test_the_number_of_steps_follows_the_pace(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(budgets.time, "perf_counter", lambda: now[0])
    budget = Budget(100.0, Pace(1.0, 0.0, 0.0), per_epoch=10)
    course = Course(budget.steps(0.0), 10)
    assert course.steps == 100
    now[0] = 10.0
    assert budget.revised(10.0, 10, course) is None  # as forecast
    now[0] = 30.0
    assert budget.revised(30.0, 20, course) == 20 + 35  # a step takes 2 s now
    now[0] = 45.0
    budget.judged(5.0)
    # Half of the 10 s were training, at 1 s a step; 55 s are left, and each epoch ends with 5 s of judging.
    assert budget.revised(45.0, 30, Course(55, 10)) == 30 + 35
    assert budget.revised(45.0, 31, Course(55, 10)) is None  # too soon to tell


def test_measuring_changes_nothing(tiny, tmp_path):
    options = resolve(tiny.options(tmp_path, clip=1.0).replace(model="tiny"), "synthetic")
    training, task, splits = Training(options, tiny.Tiny()), ClassificationTask(tiny.data().classes), tiny.data()
    loader = Loader(splits.train, 16, seed=3, shuffle=True)
    train_step(training, task, next(iter(Loader(splits.train, 16, prefetch=0).epoch(0))), 0.1, Outcomes())
    before = {name: array.copy() for name, array in training.arrays().items()}
    pace = measure(training, task, loader, splits, longest=0.05)
    assert min(pace.step, pace.val, pace.test) > 0
    assert before.keys() == training.arrays().keys()
    for name, array in training.arrays().items():
        np.testing.assert_array_equal(array, before[name], err_msg=name)
    assert all(parameter.grad is None for parameter in training.module.parameters()) and training.module.training

    def stopped():
        raise Stopped

    with pytest.raises(Stopped):
        measure(training, task, loader, splits, check=stopped)


@pytest.fixture
def known_pace(monkeypatch):
    """A machine on which ten steps fit into an hour, and which stays as it is."""
    monkeypatch.setattr(budgets, "measure", lambda *_, **__: Pace(step=300.0, val=100.0, test=100.0))
    monkeypatch.setattr(Budget, "revised", lambda *_: None)


def test_a_timed_run_is_one_of_so_many_steps(tiny, tmp_path, known_pace):
    events = list(tiny.fit(tmp_path / "timed", epochs=None, time=3600.0))
    started = next(e for e in events if isinstance(e, RunStarted))
    assert (started.epochs, started.steps) == (0, 0)
    note = next(e.text for e in events if isinstance(e, Note))
    assert "10 steps (2.5 epochs) fit into 3,600 s" in note and "a step takes 300 s, a validation 100 s" in note
    assert events[-1].result.steps == 10
    list(tiny.fit(tmp_path / "steps", epochs=None, steps=10))
    timed, steps = Run(tmp_path / "timed"), Run(tmp_path / "steps")
    assert timed.last.read_bytes() == steps.last.read_bytes()
    config = tomllib.loads(timed.config.read_text())
    assert config["steps"] == 10 and "time" not in config and "epochs" not in config
    assert "--steps 10" in timed.read_manifest()["command"] and "--time" not in timed.read_manifest()["command"]


def test_stopped_anywhere_a_timed_run_goes_on_to_its_steps(tiny, tmp_path, known_pace, monkeypatch):
    whole = tmp_path / "whole"
    count = len(list(tiny.fit(whole, epochs=None, time=3600.0)))
    after_plan = None
    for stop in range(1, count, 6):
        folder = tmp_path / f"stopped-{stop}"
        events = tiny.fit(folder, epochs=None, time=3600.0)
        seen = [next(events) for _ in range(stop)]
        events.close()
        after_plan = any(isinstance(e, StepEnd) for e in seen)
        with monkeypatch.context() as patch:
            if after_plan:
                # What was fixed is not measured again.
                patch.setattr(budgets, "measure", None)
            list(tiny.resume(folder))
        assert Run(folder).last.read_bytes() == Run(whole).last.read_bytes()
    assert after_plan


def test_a_signal_while_measuring_leaves_a_run_that_begins_again(tiny, tmp_path, monkeypatch):
    def measured(*_, check, **__):
        os.kill(os.getpid(), signal.SIGINT)
        check()

    with monkeypatch.context() as patch:
        patch.setattr(budgets, "measure", measured)
        last = list(tiny.fit(tmp_path / "run", epochs=None, time=3600.0))[-1]
    assert isinstance(last, Interrupted) and last.step == 0
    monkeypatch.setattr(budgets, "measure", lambda *_, **__: Pace(step=300.0, val=100.0, test=100.0))
    monkeypatch.setattr(Budget, "revised", lambda *_: None)
    assert list(tiny.resume(tmp_path / "run"))[-1].result.steps == 10


def test_a_revised_number_of_steps_is_in_the_next_state(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(budgets, "measure", lambda *_, **__: Pace(step=300.0, val=100.0, test=100.0))
    monkeypatch.setattr(Budget, "revised", lambda self, gone, step, course: 7 if step == 4 else None)
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    events = list(tiny.fit(whole, epochs=None, time=3600.0))
    assert any("7 steps fit the time, not 10" in e.text for e in events if isinstance(e, Note))
    assert events[-1].result.steps == 7 and "--steps 7" in Run(whole).read_manifest()["command"]
    events = tiny.fit(stopped, epochs=None, time=3600.0)
    next(e for e in events if isinstance(e, StepEnd) and e.step == 6)
    events.close()
    list(tiny.resume(stopped))
    assert Run(stopped).last.read_bytes() == Run(whole).last.read_bytes()


def test_a_time_too_short_for_one_step_is_refused_and_leaves_nothing(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(budgets, "measure", lambda *_, **__: Pace(step=300.0, val=100.0, test=100.0))
    with pytest.raises(
        UsageError, match=r"--time is 60 s, too short for one step: .* a step takes 300 s.*--time 6\d\ds"
    ):
        list(tiny.fit(tmp_path / "run", epochs=None, time=60.0))
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_a_real_time_is_kept_to(tiny, tmp_path):
    """A loose bound on what a busy machine can do: it ends, and did more than one epoch."""
    result = list(tiny.fit(tmp_path / "run", epochs=None, time=2.0))[-1].result
    assert result.steps > 4
