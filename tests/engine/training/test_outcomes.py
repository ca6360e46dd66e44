"""Losses that are read steps late, as on a device: the same events, states and refusals as where they are there."""

import json
import os
import signal
from dataclasses import asdict

import numpy as np
import pytest

from cnnkit.engine.fit import fit
from cnnkit.engine.records.events import CheckpointSaved, Compiling, Interrupted, Note, StepEnd
from cnnkit.engine.run import checkpoint
from cnnkit.engine.run.folder import Run
from cnnkit.engine.session import loop
from cnnkit.engine.training.keeper import Keeper
from cnnkit.errors import DataError, NumericError
from cnnkit.kernels import cpu
from cnnkit.kernels.shared.facts import Facts
from cnnkit.ops.loss import cross_entropy

# What differs from run to run: times, and where the files are.
TIMES = ("images_per_second", "seconds_left", "seconds", "step_seconds", "path", "run", "checkpoint")


@pytest.fixture
def lag(monkeypatch):
    """lag(n): from now on n results may wait.   lag.done: steps computed so far."""

    def begin(n):
        begin.done = 0
        monkeypatch.setattr(cpu, "facts", lambda: Facts("a device", None, None, lag=n))

    def counted(*args):
        begin.done += 1
        return step(*args)

    step = loop.train_step
    monkeypatch.setattr(loop, "train_step", counted)
    return begin


def lasting(value):
    """A record without times and places."""
    if isinstance(value, dict):
        return {name: lasting(item) for name, item in value.items() if name not in TIMES}
    return [lasting(item) for item in value] if isinstance(value, list | tuple) else value


def test_late_losses_change_no_event_no_state_and_no_result(tiny, tmp_path, lag, monkeypatch):
    """States are saved after the epochs and twice within: all that was measured before is in them."""
    monkeypatch.setattr(Keeper, "is_due", lambda self: self.training.progress.step in (2, 7))
    runs, waited = [], 0
    for n in (0, 2):
        lag(n)
        told, saved = [], []
        for event in tiny.fit(tmp_path / str(n)):
            if not isinstance(event, Note | Compiling):
                told.append((type(event).__name__, lasting(asdict(event))))
            if isinstance(event, StepEnd):
                waited = max(waited, lag.done - event.step)
            if isinstance(event, CheckpointSaved):
                found = checkpoint.read(Run(tmp_path / str(n)).states / f"step-{event.step:08d}.safetensors")
                saved.append((found.arrays, lasting(found.progress.to_record())))
        runs.append((told, saved, Run(tmp_path / str(n))))
    (told, saved, run), (told_late, saved_late, run_late) = runs
    assert waited == 2
    assert told == told_late and len(saved) == 5
    for (arrays, progress), (arrays_late, progress_late) in zip(saved, saved_late, strict=True):
        assert progress == progress_late
        for name, array in arrays.items():
            np.testing.assert_array_equal(array, arrays_late[name], err_msg=name)
    for name in ("last", "best"):
        assert getattr(run, name).read_bytes() == getattr(run_late, name).read_bytes()


@pytest.mark.parametrize("n", [0, 2])
@pytest.mark.parametrize("due", [None, 6])
def test_a_loss_that_is_no_number_is_refused_before_a_state_has_it(tiny, tmp_path, lag, monkeypatch, n, due):
    """At step 6 of 12, whose state is saved at once or not before the epoch ends."""
    lag(n)
    monkeypatch.setattr(Keeper, "is_due", lambda self: self.training.progress.step == due)

    def loss(logits, labels):
        return cross_entropy(logits, labels) * (np.nan if lag.done == 6 else 1.0)

    events = []
    with pytest.raises(
        NumericError, match=r"^The loss is nan at step 6 \(epoch 2\). The last good .*step-00000004.*--lr"
    ):
        # What came before the refusal stays in the list.
        events += fit(tiny.options(tmp_path / "run"), module=tiny.Tiny(), data=tiny.data(), loss=loss)
    run = Run(tmp_path / "run")
    assert [path.name for path in run.states.iterdir()] == ["step-00000004.safetensors"]
    steps = [json.loads(line) for line in run.events.read_text().splitlines()]
    assert [e["step"] for e in steps if e["event"] == "StepEnd"] == [1, 2, 3, 4, 5]
    assert [e.step for e in events if isinstance(e, StepEnd)] == [1, 2, 3, 4, 5]


def test_a_signal_leaves_no_step_unread(tiny, tmp_path, lag, same_weights):
    lag(2)
    told = []
    for event in tiny.fit(tmp_path / "run"):
        told.append(event)
        if isinstance(event, StepEnd) and event.step == 5:
            os.kill(os.getpid(), signal.SIGINT)
    assert isinstance(told[-1], Interrupted) and told[-1].step == lag.done == 7
    assert [e.step for e in told if isinstance(e, StepEnd)] == list(range(1, 8))
    lag(0)
    list(tiny.resume(tmp_path / "run"))
    same_weights(tmp_path / "run")


def test_a_picture_that_is_lost_leaves_no_step_unread(tiny, tmp_path, lag, same_weights, monkeypatch):
    lag(2)

    def losing(training, *args):
        if training.progress.step == 6:
            raise DataError("a.png is gone.")
        return step(training, *args)

    step = loop.train_step
    with monkeypatch.context() as patch:
        patch.setattr(loop, "train_step", losing)
        with pytest.raises(DataError, match=r"a.png is gone. The last good state is kept: .*step-00000006"):
            list(tiny.fit(tmp_path / "run"))
    list(tiny.resume(tmp_path / "run"))
    same_weights(tmp_path / "run")
