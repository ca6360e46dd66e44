"""The forecast before the first step, against made-up machines."""

from contextlib import nullcontext
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import tasks.segmentation.toy  # noqa: F401  (its networks)
from elsewhere import elsewhere, package

from cnnkit import models
from cnnkit.data.load.batch import Batch
from cnnkit.engine.records.options import FitOptions
from cnnkit.engine.run.state import Training, create_module
from cnnkit.engine.session import room
from cnnkit.engine.session.room import Numbers, check_fits, forecast
from cnnkit.engine.training.defaults import resolve
from cnnkit.engine.training.outcomes import Outcomes
from cnnkit.engine.training.step import train_step
from cnnkit.errors import ResourceError
from cnnkit.kernels.cpu.machine import buffers
from cnnkit.kernels.shared.facts import Facts
from cnnkit.tasks import ClassificationTask
from cnnkit.tasks.segmentation import SegmentationTask
from cnnkit.tasks.segmentation.losses import MaskLoss

MB = 10**6
SMALL = Numbers(kept=50_000, widest=20_000, input=784, parameters=100_000)


def test_a_machine_that_does_not_say_what_is_free_refuses_nothing():
    check_fits(10**6, Numbers(10**9, 10**8, 10**6, 10**9), None)


def test_the_batch_that_would_fit_does_fit_and_one_more_does_not():
    with pytest.raises(ResourceError, match=r"--batch-size \d+ would fit") as caught:
        check_fits(4096, SMALL, 100 * MB)
    fitting = int(str(caught.value).split("--batch-size ")[1].split()[0])
    check_fits(fitting, SMALL, 100 * MB)
    assert forecast(fitting + 1, SMALL) > 100 * MB


def test_a_model_too_large_for_one_image_says_so():
    with pytest.raises(ResourceError, match="not even one image fits"):
        check_fits(4, replace(SMALL, parameters=10**9), 100 * MB)


@pytest.mark.parametrize("model", ["digitnet", "resnet20"])
def test_a_step_takes_what_was_forecast_and_not_much_less(model, rng, monkeypatch):
    """What waits in the pool after a step is what the step had in use; with and without batch norm.

    That is so where steps are not made again, and takes the most memory: else nothing waits.
    """
    options = resolve(FitOptions(model=model), "cifar10")
    training = Training(options, create_module(options, 10, (32, 32, 3)))
    monkeypatch.setattr(training.learning, "again", nullcontext)
    batch = Batch(rng.standard_normal((32, 32, 32, 3), np.float32), np.arange(32) % 10, np.arange(32))
    found = models.summary(model, classes=10, in_channels=3, image_size=(32, 32))
    widest = max(int(np.prod(row.output)) for row in found.layers)
    buffers.trim()
    before = buffers.statistics().held_bytes
    train_step(training, ClassificationTask([str(label) for label in range(10)]), batch, 0.1, Outcomes())
    training.optimiser.zero_grad()
    taken = buffers.statistics().held_bytes - before
    # Parameters are left out: their memory stays in use.
    expected = forecast(32, Numbers(found.activation_floats, widest, 0, 0))
    assert expected / 2 < taken < 1.1 * expected


@pytest.mark.parametrize("loss", ["cross-entropy", "focal", "dice", "cross-entropy+dice"])
def test_scores_of_each_pixel_are_part_of_the_forecast(loss, rng, monkeypatch):
    options = resolve(FitOptions(model="toy_on_lenet", task="segmentation"), "squares")
    training = Training(options, create_module(options, 21, (64, 64, 3)))
    monkeypatch.setattr(training.learning, "again", nullcontext)
    task = SegmentationTask([str(label) for label in range(21)], (), MaskLoss(loss))
    batch = Batch(rng.standard_normal((4, 64, 64, 3), np.float32), np.zeros((4, 64, 64), np.uint8), np.arange(4))
    found = models.summary(training.module, classes=21, in_channels=3, image_size=(64, 64))
    buffers.trim()
    before = buffers.statistics().held_bytes
    train_step(training, task, batch, 0.1, Outcomes())
    training.optimiser.zero_grad()
    taken = buffers.statistics().held_bytes - before
    layers = Numbers(found.activation_floats, max(int(np.prod(row.output)) for row in found.layers), 0, 0)
    expected = forecast(4, replace(layers, maps=task.maps * 64 * 64 * 21))
    assert expected / 2 < taken < 1.1 * expected and taken > forecast(4, layers)


def test_pictures_in_this_machines_memory_take_no_room_on_a_device(monkeypatch):
    """Though they do beside batches that lie here."""
    splits = SimpleNamespace(train=SimpleNamespace(growth=10**15))
    pieces = SimpleNamespace(training=SimpleNamespace(cut=None), splits=splits)
    assert room._free(pieces) == 0
    with elsewhere():
        monkeypatch.setattr(package, "facts", lambda: Facts("a pretended device", 100 * MB, None, lag=1), raising=False)
        assert room._free(pieces) == 100 * MB
