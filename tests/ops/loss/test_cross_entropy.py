"""Cross-entropy with weights of classes, images and pixels, beside its definition written out in float64."""

import numpy as np
import pytest

from cnnkit import ops
from cnnkit.autograd import Tensor
from cnnkit.errors import DataError

LOGITS = 4 * np.sin(np.arange(30.0) * 7).reshape(5, 6)
LABELS = np.array([0, 5, 2, 2, 4])
CLASSES = np.array([0.5, 3.0, 1.0, 0.0, 2.0, 0.25])
IMAGES = np.array([1.0, 0.5, 0.0, 2.0, 1.5])


def defined(smoothing, classes, images, reduction, logits=LOGITS):
    """Number by number: v·(-Σ_k w[k]·target[k]·log p[k]); the mean over Σ v·w[label]."""
    losses, total = [], 0.0
    for row, label, v in zip(logits.tolist(), LABELS.tolist(), images, strict=True):
        log_sum = max(row) + np.log(sum(np.exp(value - max(row)) for value in row))
        loss = 0.0
        for k, value in enumerate(row):
            target = smoothing / len(row) + (1 - smoothing) * (k == label)
            if classes[k] * target:
                loss -= classes[k] * target * (value - log_sum)
        losses.append(v * loss)
        total += v * classes[label]
    return {"none": losses, "sum": sum(losses), "mean": sum(losses) / total}[reduction]


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("images", [None, IMAGES])
@pytest.mark.parametrize("classes", [None, CLASSES])
@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.9])
@pytest.mark.parametrize(("dtype", "rtol"), [(np.float32, 2e-6), (np.float64, 1e-13)])
def test_the_loss_is_its_definition(smoothing, classes, images, reduction, dtype, rtol):
    options = {"label_smoothing": smoothing, "weights": images, "class_weights": classes, "reduction": reduction}
    loss = ops.cross_entropy(LOGITS.astype(dtype), LABELS, **options)
    expected = defined(
        smoothing, np.ones(6) if classes is None else classes, np.ones(5) if images is None else images, reduction
    )
    # a few roundings of numbers that are all positive; logits in float32 are off by half a rounding themselves
    np.testing.assert_allclose(loss.data, expected, rtol=rtol)


def test_a_class_that_weighs_nothing_may_be_ruled_out():
    logits = LOGITS.copy()
    logits[:, 3] = -np.inf
    tensor = Tensor(logits.astype(np.float32), requires_grad=True)
    loss = ops.cross_entropy(tensor, LABELS, label_smoothing=0.1, class_weights=CLASSES)
    loss.backward()
    assert loss.item() == pytest.approx(defined(0.1, CLASSES, np.ones(5), "mean", logits), rel=2e-6)
    assert np.isfinite(tensor.grad).all() and not tensor.grad[:, 3].any()


def test_the_size_of_class_weights_is_of_no_account():
    one, other = (
        ops.cross_entropy(LOGITS, LABELS, label_smoothing=0.2, class_weights=factor * CLASSES).item()
        for factor in (1, 1024)
    )
    assert one == pytest.approx(other, rel=1e-14)


def test_a_batch_that_weighs_nothing_is_told():
    with pytest.raises(DataError, match="all of this batch weigh nothing"):
        ops.cross_entropy(LOGITS[:1], LABELS[:1], weights=[1.0], class_weights=[0, 1, 1, 1, 1, 1])


def test_an_empty_batch_has_an_empty_loss():
    empty = np.zeros((0, 6), np.float32)
    options = {"label_smoothing": 0.1, "class_weights": CLASSES}
    assert ops.cross_entropy(empty, np.zeros(0, int), reduction="none", **options).shape == (0,)
    assert ops.cross_entropy(empty, np.zeros(0, int), reduction="sum", **options).item() == 0


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_an_image_that_weighs_nothing_adds_nothing_even_where_its_class_is_masked(dtype, smoothing):
    logits = Tensor(np.array([[1.0, 2.0, -np.inf], [0.5, -1.0, -np.inf]], dtype), requires_grad=True)
    loss = ops.cross_entropy(
        logits, np.array([0, 2]), class_weights=np.array([1.0, 2.0, 0.0]), label_smoothing=smoothing
    )
    loss.backward()
    assert np.isfinite(loss.numpy()) and np.isfinite(logits.grad).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_void_pixels_add_nothing_and_are_not_counted(dtype):
    logits = Tensor(LOGITS.reshape(1, 5, 1, 6).astype(dtype), requires_grad=True)
    labels = np.array([0, 255, 2, 255, 4], np.uint8).reshape(1, 5, 1)
    loss = ops.cross_entropy(logits, labels, ignore=255, class_weights=CLASSES)
    loss.backward()
    counted = [0, 2, 4]
    rows = Tensor(LOGITS[counted].astype(dtype), requires_grad=True)
    expected = ops.cross_entropy(rows, LABELS[counted], class_weights=CLASSES)
    expected.backward()
    assert loss.item() == pytest.approx(expected.item(), rel=1e-6)
    np.testing.assert_allclose(logits.grad.reshape(5, 6)[counted], rows.grad, rtol=1e-5, atol=1e-7)
    assert not logits.grad.reshape(5, 6)[[1, 3]].any()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("options", [{}, {"class_weights": CLASSES, "label_smoothing": 0.1}])
def test_a_batch_of_void_alone_has_no_loss_and_no_gradient(dtype, options):
    logits = Tensor(LOGITS.reshape(1, 5, 1, 6).astype(dtype), requires_grad=True)
    loss = ops.cross_entropy(logits, np.full((1, 5, 1), 255, np.uint8), ignore=255, **options)
    loss.backward()
    assert loss.item() == 0 and not logits.grad.any()


def test_masks_of_bytes_and_of_whole_numbers_are_the_same():
    logits, masks = LOGITS.reshape(1, 5, 1, 6).astype(np.float32), LABELS.reshape(1, 5, 1)
    losses = [ops.cross_entropy(logits, masks.astype(kind)).item() for kind in (np.uint8, np.int32, np.int64)]
    assert losses[0] == losses[1] == losses[2]


def test_each_pixel_may_have_a_weight_of_its_own():
    options = {"weights": IMAGES.reshape(1, 5, 1), "class_weights": CLASSES}
    loss = ops.cross_entropy(LOGITS.reshape(1, 5, 1, 6), LABELS.reshape(1, 5, 1), **options)
    assert loss.item() == pytest.approx(defined(0, CLASSES, IMAGES, "mean"), rel=1e-13)
