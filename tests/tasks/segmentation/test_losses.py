"""The losses of masks: by name, added, weighed, with void left out; of the caller; and of auxiliary heads."""

import numpy as np
import pytest
from tasks.segmentation.toy import squares

import cnnkit
from cnnkit import ops
from cnnkit.autograd import Tensor
from cnnkit.data.load.batch import Batch
from cnnkit.data.sample import Sample
from cnnkit.data.targets import VOID, Mask
from cnnkit.engine.records.options import LOSSES, FitOptions
from cnnkit.errors import UsageError
from cnnkit.nn import Conv2d, Module
from cnnkit.nn.blocks import WithAuxiliary
from cnnkit.tasks.registry import create
from cnnkit.tasks.segmentation import SegmentationTask
from cnnkit.tasks.segmentation.border import border_weights
from cnnkit.tasks.segmentation.losses import MaskLoss


@pytest.fixture
def given(rng):
    labels = rng.integers(0, 3, (2, 4, 5)).astype(np.uint8)
    labels[0, 0] = VOID
    return Tensor(rng.standard_normal((2, 4, 5, 3)).astype(np.float32)), labels


def test_the_cross_entropy_is_the_mean_over_pixels_that_are_not_void(given):
    logits, labels = given
    x = logits.numpy().astype(np.float64)
    surprise = np.log(np.exp(x).sum(axis=3)) - np.take_along_axis(x, np.minimum(labels, 2)[..., None], 3)[..., 0]
    assert MaskLoss()(logits, labels).item() == pytest.approx(surprise[labels != VOID].mean(), rel=1e-5)


def test_classes_weigh_as_they_are_told(given):
    logits, labels = given
    weights = np.array([0.5, 1.0, 4.0])
    each = ops.cross_entropy(logits, labels, ignore=VOID, reduction="none").numpy()
    w = np.append(weights, [0] * 253)[labels]
    loss = MaskLoss("cross-entropy", weights)(logits, labels)
    assert loss.item() == pytest.approx((each * w).sum() / w.sum(), rel=1e-5)


@pytest.mark.parametrize("name", LOSSES)
def test_losses_with_a_plus_between_are_added(given, name):
    parts = [MaskLoss(part)(*given).item() for part in name.split("+")]
    assert MaskLoss(name)(*given).item() == pytest.approx(sum(parts), rel=1e-6)
    assert MaskLoss("dice")(*given).item() != MaskLoss("focal")(*given).item()


@pytest.mark.parametrize("name", ["dice", "focal+dice"])
def test_a_network_learns_by_each(options, name, tmp_path):
    result = cnnkit.fit(squares(), **options, loss=name, output=str(tmp_path / "run"))
    assert result.miou > 0.6 and f'loss = "{name}"' in (tmp_path / "run" / "config.toml").read_text()
    assert f"--loss {name}" in cnnkit.load(result).record["command"]


def test_a_loss_of_the_caller_sees_masks(options, tmp_path):
    seen = []

    def own(logits, labels):
        seen.append((logits.shape, labels.shape, labels.dtype))
        return ops.cross_entropy(logits, labels, ignore=VOID)

    result = cnnkit.fit(squares(), **{**options, "epochs": 1}, loss=own, output=str(tmp_path / "run"))
    assert seen[0] == ((5, 24, 24, 3), (5, 24, 24), np.uint8) and cnnkit.load(result).record["own_loss"] == "own"
    with pytest.raises(UsageError, match="must return a Tensor of one number"):
        cnnkit.fit(squares(), **options, loss=lambda logits, labels: 1.0, output=str(tmp_path / "other"))


@pytest.mark.parametrize(("loss", "said"), [("dice", "but the loss is dice"), (None, "loss replaces it")])
def test_weights_that_no_loss_takes_are_refused(loss, said):
    asked = FitOptions(class_weights="balanced", loss=loss).to_record()
    with pytest.raises(UsageError, match=said):
        create("segmentation", ["a", "b", "c"], options=asked, train=squares().train, loss=None if loss else max)


def test_what_is_for_labels_of_images_is_refused_for_masks_and_the_reverse():
    for option in ({"label_smoothing": 0.1}, {"mixup": 0.2}):
        with pytest.raises(UsageError, match="is not for the task segmentation"):
            create("segmentation", ["a", "b"], options=option)
    with pytest.raises(UsageError, match="--loss is not for the task classification"):
        create(None, ["a", "b"], options={"loss": "dice"})


class TwoHeads(Module):
    def __init__(self):
        rng = np.random.default_rng(0)
        self.main, self.other = Conv2d(1, 3, 1, rng=rng), Conv2d(1, 3, 3, rng=rng)

    def forward(self, x):
        return WithAuxiliary(self.main(x), (self.other(x),), 0.4)


def test_an_auxiliary_head_counts_by_its_weight_and_one_without_padding_for_the_middle(rng):
    x = rng.standard_normal((2, 6, 7, 1)).astype(np.float32)
    labels = rng.integers(0, 3, (2, 6, 7)).astype(np.uint8)
    module, task = TwoHeads(), SegmentationTask(["a", "b", "c"])
    measured = task.loss(module, Batch(x, labels, np.arange(2)))
    main = ops.cross_entropy(module.main(Tensor(x)), labels).item()
    other = ops.cross_entropy(module.other(Tensor(x)), np.ascontiguousarray(labels[:, 1:-1, 1:-1])).item()
    assert measured.value.item() == pytest.approx(main + 0.4 * other, rel=1e-6)
    right = (module.main(Tensor(x)).numpy().argmax(axis=3) == labels).mean()
    assert measured.running()["pixel_accuracy"] == pytest.approx(2 * right)


def touching():
    """A batch whose mask has two things with a gap of two pixels between."""
    mask = np.zeros((1, 6, 8), np.uint8)
    mask[0, :, :3], mask[0, :, 5:] = 1, 2
    return Sample(np.zeros((6, 8, 1), np.uint8), Mask(mask[0])), mask


@pytest.mark.parametrize("weights", [None, np.array([0.5, 1.0, 3.0])])
def test_what_lies_between_two_things_counts_more_by_the_map_of_u_net(rng, weights):
    sample, mask = touching()
    task = SegmentationTask(["ground", "a", "b"], (), MaskLoss("cross-entropy", weights), border_weight=10.0)
    lesson = task.lessons([sample])
    added = border_weights(mask[0], w0=10.0)
    assert (lesson.added[0] == added).all() and added[2, 3] > 5 and (added[mask[0] > 0] == 0).all()
    x = rng.standard_normal((1, 6, 8, 1)).astype(np.float32)
    module = Conv2d(1, 3, 1, rng=rng)
    each = ops.cross_entropy(module(Tensor(x)), mask, reduction="none").numpy()
    # w(p) = w_c(p) + w0 · exp(…), the mean over the sum of these.
    w = (np.ones(3) if weights is None else weights)[mask] + added
    loss = task.loss(module, Batch(x, lesson, np.arange(1))).value.item()
    assert loss == pytest.approx((each * w).sum() / w.sum(), rel=1e-5)
    assert task.targets([sample]).dtype == np.uint8


def test_a_network_without_padding_sees_the_middle_of_these_weights(rng):
    sample, mask = touching()
    task = SegmentationTask(["ground", "a", "b"], (), border_weight=10.0)
    x, module = rng.standard_normal((1, 6, 8, 1)).astype(np.float32), Conv2d(1, 3, 3, rng=rng)
    each = ops.cross_entropy(module(Tensor(x)), np.ascontiguousarray(mask[:, 1:-1, 1:-1]), reduction="none").numpy()
    w = 1 + task.lessons([sample]).added[:, 1:-1, 1:-1]
    loss = task.loss(module, Batch(x, task.lessons([sample]), np.arange(1))).value.item()
    assert loss == pytest.approx((each * w).sum() / w.sum(), rel=1e-5)


def test_a_run_with_border_weights_goes_on_with_equal_bits(options, tmp_path):
    asked = {**options, "epochs": 2, "border_weight": 5.0, "loss": "cross-entropy+dice"}
    whole = cnnkit.fit(squares(), **asked, output=str(tmp_path / "whole"))
    cnnkit.fit(squares(), **{**asked, "schedule": "constant", "epochs": 1}, output=str(tmp_path / "part"))
    again = cnnkit.fit(squares(), **{**asked, "schedule": "constant"}, output=str(tmp_path / "again"))
    resumed = cnnkit.fit(squares(), resume_from=tmp_path / "part", epochs=2)
    assert [row.train_loss for row in resumed.history] == [row.train_loss for row in again.history]
    assert "--border-weight 5.0" in cnnkit.load(whole).record["command"]


def test_border_weights_without_a_cross_entropy_are_refused():
    asked = FitOptions(border_weight=10.0, loss="dice").to_record()
    with pytest.raises(UsageError, match="--border-weight changes the cross-entropy, which is no part of this loss"):
        create("segmentation", ["a", "b"], options=asked)
    with pytest.raises(UsageError, match="--border-weight is not for the task classification"):
        create(None, ["a", "b"], options={"border_weight": 10.0})
