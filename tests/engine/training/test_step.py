"""One step, and the rehearsal before the first."""

import numpy as np
import pytest

from cnnkit import kernels
from cnnkit.data.load.loader import Loader
from cnnkit.engine.run.state import Training
from cnnkit.engine.training.defaults import resolve
from cnnkit.engine.training.outcomes import Outcomes
from cnnkit.engine.training.step import compile_kernels, train_step
from cnnkit.errors import NumericError
from cnnkit.tasks import ClassificationTask


def training(tiny, tmp_path, **changes) -> Training:
    return Training(resolve(tiny.options(tmp_path, **changes).replace(model="tiny"), "synthetic"), tiny.Tiny())


@pytest.fixture
def task(tiny):
    return ClassificationTask(tiny.data().classes)


def first_batch(tiny):
    return next(Loader(tiny.data().train, 16, prefetch=0).epoch(0))


def test_a_rehearsal_changes_nothing_and_tells_each_kernel(tiny, tmp_path, task):
    ours = training(tiny, tmp_path, clip=1.0)
    train_step(ours, task, first_batch(tiny), 0.1, Outcomes())
    before = {name: array.copy() for name, array in ours.arrays().items()}
    events = list(compile_kernels(ours, task, tiny.data().preprocessing, [16, 15], [30]))
    assert [event.done for event in events] == list(range(1, len(events) + 1)) and events[-1].total == len(events)
    assert before.keys() == ours.arrays().keys()
    for name, array in ours.arrays().items():
        np.testing.assert_array_equal(array, before[name], err_msg=name)
    assert ours.module.training and all(p.grad is None for p in ours.module.parameters())


def test_after_the_rehearsal_a_step_needs_no_other_kernel(tiny, tmp_path, task):
    from cnnkit.kernels.cpu.machine import jit

    ours = training(tiny, tmp_path, clip=1e-3)
    list(compile_kernels(ours, task, tiny.data().preprocessing, [16], [16]))
    before = jit.specialisations()
    train_step(ours, task, first_batch(tiny), 0.1, Outcomes())
    assert ours.is_finite()
    assert jit.specialisations() == before


@pytest.mark.filterwarnings("error")
def test_a_rehearsal_does_not_warn_of_what_lies_in_memory(tiny, tmp_path, task, monkeypatch):
    from cnnkit.kernels.cpu.machine import buffers

    def take(pool, size):
        block = pool_take(pool, size)
        # A signalling NaN, which NumPy warns of when it is converted.
        block[0][: size // 4 * 4].view(np.uint32)[:] = 0x7FA00000
        return block

    pool_take = buffers._Pool.take
    monkeypatch.setattr(buffers._Pool, "take", take)
    with pytest.raises(RuntimeWarning):
        np.asarray(buffers.empty(16), np.float64)
    assert list(compile_kernels(training(tiny, tmp_path), task, tiny.data().preprocessing, [16], [30]))


@pytest.mark.parametrize("weights", [None, np.array([0.5, 1.0, 2.0])])
def test_after_the_rehearsal_a_step_on_mixed_images_needs_no_other_kernel(tiny, tmp_path, weights):
    from cnnkit.kernels.cpu.machine import jit

    data = tiny.data()
    weighing = ClassificationTask(data.classes, 0.1, weights)
    ours = training(tiny, tmp_path, mixup=0.2, cutmix=1.0)
    list(compile_kernels(ours, weighing, data.preprocessing, [16], [16]))
    before = jit.specialisations()
    for batch in Loader(data.train, 16, mixup=0.2, cutmix=1.0, drop_last=True).epoch(0):
        assert batch.second_targets is not None
        train_step(ours, weighing, batch, 0.1, Outcomes())
    assert jit.specialisations() == before


def test_the_definitions_need_no_compiler(tiny, tmp_path, task):
    with kernels.use("reference"):
        assert list(compile_kernels(training(tiny, tmp_path), task, tiny.data().preprocessing, [16], [30])) == []


def test_a_loss_that_is_not_a_number_stops_before_the_weights_change(tiny, tmp_path, task):
    ours = training(tiny, tmp_path)
    ours.module.dense.bias.data[0] = np.nan
    before = ours.module.conv.weight.data.copy()
    with pytest.raises(NumericError, match=r"The loss is nan at step 1 \(epoch 1\)"):
        train_step(ours, task, first_batch(tiny), 0.1, Outcomes())
    np.testing.assert_array_equal(ours.module.conv.weight.data, before)


def test_clipping_shortens_the_step(tiny, tmp_path, task):
    moved = []
    for clip in (0.0, 1e-3):
        ours = training(tiny, tmp_path, clip=clip, weight_decay=0.0)
        before = ours.module.dense.weight.data.copy()
        train_step(ours, task, first_batch(tiny), 0.1, Outcomes())
        moved.append(np.abs(ours.module.dense.weight.data - before).max())
    assert 0 < moved[1] < moved[0]
