"""The losses of masks: by name, added, weighed, with void left out; of the caller; and of auxiliary heads."""

import numpy as np
import pytest
from tasks.segmentation.toy import squares

import cnnkit
from cnnkit import ops
from cnnkit.autograd import Tensor
from cnnkit.data.load.batch import Batch
from cnnkit.data.targets import VOID
from cnnkit.engine.records.options import LOSSES, FitOptions
from cnnkit.errors import UsageError
from cnnkit.nn import Conv2d, Module
from cnnkit.nn.blocks import WithAuxiliary
from cnnkit.tasks.registry import create
from cnnkit.tasks.segmentation import SegmentationTask
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
