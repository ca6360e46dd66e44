"""State files: two generations, and only good ones."""

import numpy as np
import pytest

from cnnkit.data.view.preprocessing import Preprocessing
from cnnkit.engine.records.events import EpochEnd
from cnnkit.engine.run import checkpoint
from cnnkit.engine.run.folder import Run
from cnnkit.engine.run.state import Progress, Training
from cnnkit.errors import CheckpointError, NumericError
from cnnkit.serialize import safe
from cnnkit.tasks import Judgement

ROW = EpochEnd(1, 3, 5, 0.5, {"accuracy": 0.5}, 0.1, {"top1": 0.2}, 0.05, 1.5, 100.0, True)
ABOUT = {"model": "tiny", "classes": ["a"], "preprocessing": Preprocessing(8, 8, 1, (0.5,), (0.25,)).to_record()}


@pytest.fixture
def run(tmp_path) -> Run:
    (tmp_path / "state").mkdir()
    return Run(tmp_path)


@pytest.fixture
def training(tiny, tmp_path) -> Training:
    options = tiny.options(tmp_path).replace(model="tiny", optimiser="adam", schedule="constant", augment="none")
    ours = Training(options, tiny.Tiny())
    ours.progress = Progress(step=5, seconds=1.5, history=[ROW.to_row()])
    return ours


def test_the_columns_of_the_table_keep_their_order_when_a_run_goes_on(run, training):
    training.progress.epoch = 1
    training.keep_if_best(Judgement(0.1, {"top1": 0.2}, 3), 1)
    found = checkpoint.read(checkpoint.save(run, training, 0, ABOUT)).progress
    assert [list(row) for row in found.history] == [list(ROW.to_row())]


def test_a_state_comes_back_bit_for_bit(tiny, run, training):
    for array in training.arrays().values():
        array += np.asarray(3, array.dtype)
    training.progress.epoch = 1
    training.keep_if_best(Judgement(0.1, {"top1": 0.2}, 3), 1)
    path = checkpoint.save(run, training, 123, ABOUT)
    found = checkpoint.read(path)
    assert found.options == training.options and found.progress == training.progress
    assert found.events_length == 123 and found.about == ABOUT
    other = Training(found.options, tiny.Tiny())
    other.restore(found.arrays, found.progress)
    assert other.arrays().keys() == training.arrays().keys()
    for name, array in training.arrays().items():
        assert other.arrays()[name].tobytes() == array.tobytes()


def test_two_generations_are_kept(run, training):
    for step in (5, 9, 10, 11):
        training.progress.step = step
        checkpoint.save(run, training, 0, ABOUT)
    assert [path.name for path in checkpoint.generations(run)] == [
        "step-00000011.safetensors",
        "step-00000010.safetensors",
    ]


@pytest.mark.parametrize("name", ["model/dense.bias", "optimiser/v.0", "ema/conv.weight"])
def test_weights_that_are_not_finite_are_not_kept(run, training, name):
    good = checkpoint.save(run, training, 0, ABOUT)
    training.arrays()[name].flat[0] = np.inf
    training.progress.step = 6
    with pytest.raises(NumericError, match=rf"no longer finite after step 6 \(epoch 1\).*kept: .*{good.name}"):
        checkpoint.save(run, training, 0, ABOUT)
    assert checkpoint.generations(run) == [good]


def test_a_weight_file_is_no_state(run, training):
    path = run.states / "step-00000001.safetensors"
    checkpoint.save_weights(path, training.module.state_dict(), {"model": "tiny"})
    with pytest.raises(CheckpointError, match="holds weights, not the state"):
        checkpoint.read(path)


def test_a_state_with_a_hole_is_refused(run, training):
    path = checkpoint.save(run, training, 0, ABOUT)
    arrays, record = safe.load(path)
    for name in ("options", "progress", "events_length", "about"):
        safe.save(path, arrays, {key: value for key, value in record.items() if key != name})
        with pytest.raises(CheckpointError, match="is not a state"):
            checkpoint.read(path)


def test_a_state_of_another_network_is_refused(run, training, tiny):
    from cnnkit import models

    training.progress = Progress()
    found = checkpoint.read(checkpoint.save(run, training, 0, ABOUT))
    with pytest.raises(CheckpointError):
        Training(found.options, models.create("lenet5")).restore(found.arrays, found.progress)


def test_the_time_between_checkpoints_is_a_minute_unless_told(monkeypatch):
    monkeypatch.delenv("CNNKIT_CHECKPOINT_SECONDS", raising=False)
    assert checkpoint.seconds_between() == 60
    monkeypatch.setenv("CNNKIT_CHECKPOINT_SECONDS", "5")
    assert checkpoint.seconds_between() == 5
    monkeypatch.setenv("CNNKIT_CHECKPOINT_SECONDS", "soon")
    assert checkpoint.seconds_between() == 60
