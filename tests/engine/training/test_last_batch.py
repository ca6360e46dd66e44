"""A network that cannot learn from a single image: batch norm on maps of 1x1."""

from contextlib import closing

import numpy as np
import pytest

from cnnkit import kernels, nn
from cnnkit.autograd import Tensor
from cnnkit.data.open.splits import DataSplits, split_parts
from cnnkit.data.sets.subset import Subset
from cnnkit.data.sets.synthetic import synthetic
from cnnkit.engine.ahead.forecast import look_ahead
from cnnkit.engine.ahead.lr_find import lr_find
from cnnkit.engine.fit import fit, resume
from cnnkit.engine.records.events import RunStarted, StepEnd, TrunkStep
from cnnkit.engine.records.options import FitOptions
from cnnkit.engine.run.folder import Run
from cnnkit.engine.run.state import least_batch
from cnnkit.engine.session import room
from cnnkit.errors import DataError, ResourceError, UsageError


class Narrow(nn.Module):
    """Batch norm on what is left of an 8x8 image: one pixel, or more where `side` is smaller."""

    def __init__(self, side: int = 8) -> None:
        rng = np.random.default_rng(2)
        self.conv = nn.Conv2d(1, 4, side, stride=side, rng=rng)
        self.norm = nn.BatchNorm2d(4, activation="relu")
        self.dropout = nn.Dropout(0.2, seed=1)
        self.flatten = nn.Flatten()
        self.dense = nn.Linear(4 * (8 // side) ** 2, 3, rng=rng)

    def forward(self, x: Tensor) -> Tensor:
        return self.dense(self.flatten(self.dropout(self.norm(self.conv(x)))))


def data(images: int = 33):
    train, test = synthetic(images, 3, 8), synthetic(12, 3, 8, seed=1)
    return split_parts(train, Subset(test, np.arange(6)), test, found="synthetic", notes=[], seed=0, val_fraction=0.2)


def options(folder, **changes):
    plain = {"epochs": 2, "batch_size": 16, "lr": 0.01, "augment": "none", "model": "narrow"}
    return FitOptions(output=str(folder), **(plain | changes))


def steps(events):
    return [event for event in events if isinstance(event, StepEnd)]


def test_what_a_network_needs_is_found_without_changing_it():
    narrow = Narrow()
    narrow.eval()
    before = {name: array.copy() for name, array in narrow.state_dict().items()}
    assert least_batch(narrow, (8, 8, 1)) == 2 and least_batch(Narrow(4), (8, 8, 1)) == 1
    assert not any(part.training for part in narrow.modules())
    for name, array in narrow.state_dict().items():
        np.testing.assert_array_equal(array, before[name])
    narrow.norm.frozen = True
    assert least_batch(narrow, (8, 8, 1)) == 1
    with kernels.use("reference"):
        assert least_batch(Narrow(), (8, 8, 1)) == 2


def test_a_last_image_joins_the_batch_before(tmp_path):
    events = list(fit(options(tmp_path / "run"), module=Narrow(), data=data()))
    assert next(e.epoch_steps for e in events if isinstance(e, RunStarted)) == 2
    assert [(e.batch, e.batches) for e in steps(events)] == [(1, 2), (2, 2)] * 2
    # A network that can learn from one image keeps its batch of one, as ever.
    events = list(fit(options(tmp_path / "other"), module=Narrow(4), data=data()))
    assert len(steps(events)) == 6


def test_stopped_anywhere_it_goes_on_to_the_same_bits(tmp_path, monkeypatch):
    monkeypatch.setenv("CNNKIT_CHECKPOINT_SECONDS", "0")
    list(fit(options(tmp_path / "whole"), module=Narrow(), data=data()))
    expected = Run(tmp_path / "whole").last.read_bytes()
    for stop_at in (1, 2, 3):
        folder = tmp_path / str(stop_at)
        with closing(fit(options(folder), module=Narrow(), data=data())) as events:
            next(event for event in events if isinstance(event, StepEnd) and event.step == stop_at)
        list(resume(folder, module=Narrow(), data=data()))
        assert Run(folder).last.read_bytes() == expected


@pytest.mark.slow
def test_a_number_of_steps_a_time_and_learning_by_heart_count_the_same_batches(tmp_path):
    events = list(fit(options(tmp_path / "steps", epochs=None, steps=3), module=Narrow(), data=data()))
    assert [(e.epoch, e.batch) for e in steps(events)] == [(1, 1), (1, 2), (2, 1)]
    events = list(fit(options(tmp_path / "time", epochs=None, time=2.0), module=Narrow(), data=data()))
    assert max(e.batch for e in steps(events)) == 2
    events = list(fit(options(tmp_path / "few", overfit=17, epochs=1), module=Narrow(), data=data()))
    assert [e.batches for e in steps(events)] == [1]
    forecast = list(look_ahead(options(tmp_path / "ahead"), module=Narrow(), data=data()))[-1].forecast
    assert (forecast.steps, forecast.epoch_steps) == (4, 2)


def test_the_range_test_takes_such_a_network(tmp_path):
    for images in (17, 33):
        list(lr_find(options(tmp_path / "run"), steps=24, module=Narrow(), data=data(images)))


def test_a_batch_of_one_is_refused_in_the_words_of_the_command_line_before_a_folder_is_made(tmp_path):
    for begin in (fit, look_ahead, lr_find):
        with pytest.raises(UsageError, match=r"^--batch-size is 1, but narrow .* Give --batch-size 2 or more"):
            list(begin(options(tmp_path / "run", batch_size=1), module=Narrow(), data=data()))
    with pytest.raises(UsageError, match=r"^--overfit is 1, but .* Give --overfit 2 or more"):
        list(fit(options(tmp_path / "run", overfit=1), module=Narrow(), data=data()))
    whole = data()
    one = DataSplits(Subset(whole.train, np.arange(1)), whole.val, whole.test, "one")
    with pytest.raises(DataError, match=r"^There is 1 training image, but"):
        list(fit(options(tmp_path / "run"), module=Narrow(), data=one))
    assert not (tmp_path / "run").exists()
    list(fit(options(tmp_path / "run", batch_size=1, epochs=1), module=Narrow(4), data=data(6)))


def test_memory_for_one_image_is_not_offered_to_a_network_that_needs_two():
    numbers = room.Numbers(kept=100, widest=0, input=0, parameters=0)
    # An image takes 400 bytes, and one that joins must fit too.
    for free, fitting in ((1300, 2), (1700, 3)):
        with pytest.raises(ResourceError, match=f"--batch-size {fitting} would fit"):
            room.check_fits(8, numbers, free, least=2)
    with pytest.raises(ResourceError, match="not even 2 images fit"):
        room.check_fits(8, numbers, 900, least=2)
    with pytest.raises(ResourceError, match="--batch-size 2 would fit"):
        room.check_fits(8, numbers, 900)


@pytest.mark.parametrize("mixed", [{}, {"mixup": 0.2}, {"cutmix": 1.0}])
def test_mixed_images_are_batched_alike(tmp_path, mixed):
    events = list(fit(options(tmp_path / "run", **mixed), module=Narrow(), data=data()))
    assert len(steps(events)) == 4


def test_networks_by_name_end_their_default_command(tmp_path):
    """The case found: resnet9_x0_25 on 33 images of 8x8."""
    images = np.random.default_rng(0).integers(0, 255, (33, 8, 8, 3)).astype(np.uint8)
    labels = np.arange(33) % 3
    path = tmp_path / "small.npz"
    np.savez(path, **{f"{k}_{part}": v for part in ("train", "val", "test") for k, v in (("x", images), ("y", labels))})
    events = list(fit(FitOptions(data=str(path), epochs=1, output=str(tmp_path / "run"))))
    assert len(steps(events)) == 1
    with pytest.raises(UsageError, match="--batch-size is 1, but resnet9_x0_25"):
        list(fit(FitOptions(data=str(path), epochs=1, batch_size=1, output=str(tmp_path / "other"))))


class EndsInNorm(Narrow):
    """The head itself is a batch norm over the scores of the images."""

    def __init__(self) -> None:
        super().__init__(4)
        self.scale = nn.BatchNorm2d(3)

    def forward(self, x: Tensor) -> Tensor:
        return self.scale(super().forward(x))


@pytest.mark.parametrize("freeze", ["trunk", "none"])
def test_a_head_that_learns_alone_has_the_same_batches(tmp_path, freeze):
    list(fit(options(tmp_path / "start", epochs=1), module=EndsInNorm(), data=data()))
    changes = {"weights": str(tmp_path / "start"), "freeze": freeze, "batch_size": 16}
    events = list(fit(options(tmp_path / "run", **changes), module=EndsInNorm(), data=data()))
    # 33 images: the last would be alone.
    assert [event.batches for event in steps(events)] == [2, 2] * 2
    if freeze == "trunk":
        assert any(isinstance(event, TrunkStep) for event in events)
    # A frozen batch norm takes any batch.
    list(fit(options(tmp_path / "narrow", epochs=1), module=Narrow(), data=data()))
    changes |= {"weights": str(tmp_path / "narrow"), "freeze": "trunk"}
    events = list(fit(options(tmp_path / "frozen", **changes), module=Narrow(), data=data()))
    assert [event.batches for event in steps(events)] == [3, 3, 3] * 2
