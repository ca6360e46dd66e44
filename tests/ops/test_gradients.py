"""Every op against central differences in float64. A new op is one more row of CASES."""

import numpy as np
import pytest

from cnnkit import ops
from cnnkit.autograd import gradcheck
from cnnkit.kernels.shared.scalar import leaky

LABELS = np.array([2, 0, 1, 2])
KEY = (7, 3)
PIXELS = np.array([[[2, 0, 255], [1, 2, 0]]], np.uint8)
MASK = np.array([[0, 1, 255], [1, 0, 0]], np.uint8)


def apart(shape: tuple[int, ...], seed: int = 0, step: float = 0.1) -> np.ndarray:
    """Numbers in random order, no two nearer than `step` and none near 0: no corner lies within eps of one."""
    count = int(np.prod(shape))
    values = (np.arange(count) - count / 2 + 0.37) * step
    return np.random.default_rng(seed).permutation(values).reshape(shape)


def positive(shape: tuple[int, ...], seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0.5, 2, shape)


def corners(count: int, seed: int) -> np.ndarray:
    """Boxes of which no two have an edge in common."""
    low = apart((count, 2), seed, 0.31)
    return np.concatenate([low, low + positive((count, 2), seed)], axis=1)


TARGETS, YES = positive((3, 4), 5) / 2, np.array([[1, 0, 0, 1]] * 3)
ROIS = np.array([[1, 1.3, 0.4, 7, 6.2], [0, -3, 2, 9.5, 8], [-1, 0, 0, 4, 4], [1, 2, 2, 3, 2.5]])
NORM = [apart((2, 3, 2, 3)), positive((3,), 1), apart((3,), 2)]
MEAN, VAR = np.array([0.3, -0.2, 0.1]), np.array([0.5, 1.5, 0.9])


def normed(x, w, b, **options):
    return ops.batch_norm(x, w, b, **options)


def frozen(x, w, b, **options):
    return ops.batch_norm_frozen(x, w, b, MEAN, VAR, **options)


# name of the op: (a variant, what is computed, inputs)
CASES = {
    "activate": [("by name", lambda x: ops.activate(x, "sigmoid"), [apart((3, 4))])],
    "adaptive_avg_pool2d": [
        ("bins that overlap", lambda x: ops.adaptive_avg_pool2d(x, (2, 3)), [apart((2, 5, 4, 2))]),
        ("larger than the image", lambda x: ops.adaptive_avg_pool2d(x, 3), [apart((1, 2, 2, 1))]),
    ],
    "adaptive_max_pool2d": [("bins that overlap", lambda x: ops.adaptive_max_pool2d(x, (2, 3)), [apart((2, 5, 4, 2))])],
    "add": [
        ("equal shapes", ops.add, [apart((2, 3)), apart((2, 3), 1)]),
        ("broadcast both ways", ops.add, [apart((4, 1, 3)), apart((2, 1), 1)]),
    ],
    "avg_pool2d": [
        ("windows that overlap", lambda x: ops.avg_pool2d(x, 3, 1, 1), [apart((1, 4, 3, 2))]),
        ("padding left out", lambda x: ops.avg_pool2d(x, 3, 2, 1, count_padding=False), [apart((1, 4, 5, 2))]),
        ("TensorFlow's padding", lambda x: ops.avg_pool2d(x, 3, 2, "same"), [apart((1, 4, 5, 2))]),
    ],
    "batch_norm": [
        *[
            (kind, lambda x, w, b, kind=kind: normed(x, w, b, activation=kind), NORM)
            for kind in (
                "identity",
                "relu",
                "relu6",
                "leaky_relu",
                "sigmoid",
                "hard_sigmoid",
                "hard_swish",
                "swish",
                "tanh",
            )
        ],
        ("residual", lambda x, w, b, r: normed(x, w, b, residual=r), [*NORM, apart((2, 3, 2, 3), 3)]),
        (
            "residual and relu",
            lambda x, w, b, r: normed(x, w, b, activation="relu", residual=r),
            [*NORM, apart((2, 3, 2, 3), 3)],
        ),
        (
            "residual and a leaky relu of negative slope",
            lambda x, w, b, r: normed(x, w, b, activation=leaky(-0.3), residual=r),
            [*NORM, apart((2, 3, 2, 3), 3)],
        ),
        ("a leaky relu of negative slope", lambda x, w, b: normed(x, w, b, activation=leaky(-0.3)), NORM),
        (
            "residual and hard_swish",
            lambda x, w, b, r: normed(x, w, b, activation="hard_swish", residual=r),
            [*NORM, apart((2, 3, 2, 3), 3)],
        ),
        ("x is its own residual", lambda x, w, b: normed(x, w, b, activation="relu", residual=x), NORM),
        ("rows", normed, [apart((5, 2)), positive((2,), 1), apart((2,), 2)]),
    ],
    "batch_norm_frozen": [
        ("relu", lambda x, w, b: frozen(x, w, b, activation="relu"), NORM),
        ("hard_swish", lambda x, w, b: frozen(x, w, b, activation="hard_swish"), NORM),
        (
            "residual and sigmoid",
            lambda x, w, b, r: frozen(x, w, b, activation="sigmoid", residual=r),
            [*NORM, apart((2, 3, 2, 3), 3, 0.02)],
        ),
    ],
    "binary_cross_entropy": [
        *[
            (
                reduction,
                lambda x, reduction=reduction: ops.binary_cross_entropy(x, TARGETS, reduction=reduction),
                [apart((3, 4), step=0.3)],
            )
            for reduction in ("mean", "sum", "none")
        ],
        ("weighed", lambda x: ops.binary_cross_entropy(x, TARGETS, weights=[[1], [0], [2]]), [apart((3, 4))]),
    ],
    "channel_shuffle": [("groups of unequal number", lambda x: ops.channel_shuffle(x, 3), [apart((2, 2, 1, 12))])],
    "concat": [
        ("channels", lambda x, y: ops.concat([x, y]), [apart((2, 2, 3)), apart((2, 2, 1), 1)]),
        ("a tensor with itself", lambda x: ops.concat([x, x], axis=0), [apart((2, 2))]),
    ],
    "conv2d": [
        ("plain", ops.conv2d, [apart((2, 4, 5, 2)), apart((3, 2, 2, 3), 1), apart((3,), 2)]),
        ("without bias", ops.conv2d, [apart((1, 4, 4, 2)), apart((2, 2, 2, 2), 1)]),
        (
            "stride, uneven padding and dilation",
            lambda x, w: ops.conv2d(x, w, stride=(2, 1), padding=((0, 1), (2, 1)), dilation=(1, 2), activation="relu"),
            [apart((1, 5, 4, 2)), apart((2, 2, 2, 2), 1)],
        ),
        (
            "groups",
            lambda x, w, b: ops.conv2d(x, w, b, groups=2, activation="sigmoid"),
            [apart((1, 3, 3, 4), 0, 0.03), apart((2, 2, 2, 2), 1), apart((2,), 2)],
        ),
        (
            "tanh",
            lambda x, w, b: ops.conv2d(ops.conv2d(x, w, b, activation="tanh"), w, activation="tanh"),
            [apart((1, 3, 3, 2), 0, 0.03), apart((2, 2, 2, 2), 1), apart((2,), 2)],
        ),
        (
            "depthwise",
            lambda x, w: ops.conv2d(x, w, groups=3, padding=1, activation="leaky_relu"),
            [apart((1, 3, 3, 3)), apart((3, 3, 1, 3), 1)],
        ),
        (
            "an activation that its output does not tell",
            lambda x, w, b: ops.conv2d(x, w, b, activation="hard_swish"),
            [apart((1, 3, 3, 2)), apart((2, 2, 2, 2), 1), apart((2,), 2)],
        ),
        (
            "TensorFlow's padding",
            lambda x, w: ops.conv2d(x, w, stride=2, padding="same"),
            [apart((1, 4, 5, 2)), apart((3, 3, 2, 2), 1)],
        ),
        (
            "residual before the activation",
            lambda x, w, b, r: ops.conv2d(x, w, b, activation="relu", residual=r),
            [apart((1, 3, 3, 1)), apart((2, 2, 1, 2), 1), apart((2,), 2), apart((1, 2, 2, 2), 3)],
        ),
    ],
    "conv_transpose2d": [
        ("plain", ops.conv_transpose2d, [apart((2, 2, 3, 2)), apart((3, 2, 3, 2), 1), apart((3,), 2)]),
        (
            "stride, uneven padding, output padding and dilation",
            lambda x, w: ops.conv_transpose2d(
                x, w, stride=(2, 3), padding=((0, 1), (2, 1)), output_padding=(1, 2), dilation=(1, 2), activation="relu"
            ),
            [apart((1, 3, 3, 2)), apart((2, 2, 2, 2), 1)],
        ),
        (
            "groups",
            lambda x, w, b: ops.conv_transpose2d(x, w, b, stride=2, groups=2, activation="sigmoid"),
            [apart((1, 2, 3, 4), 0, 0.03), apart((2, 2, 1, 4), 1), apart((2,), 2)],
        ),
        (
            "one filter a channel, padding same",
            lambda x, w: ops.conv_transpose2d(x, w, stride=2, groups=3, padding="same", activation="leaky_relu"),
            [apart((1, 2, 2, 3)), apart((4, 4, 1, 3), 1)],
        ),
        (
            "an activation that its output does not tell",
            lambda x, w, b: ops.conv_transpose2d(x, w, b, activation="hard_swish"),
            [apart((1, 2, 2, 2)), apart((2, 2, 2, 2), 1), apart((2,), 2)],
        ),
        (
            "an image that others read too",
            lambda x, w: ops.conv_transpose2d(x, w) + x,
            [apart((1, 2, 2, 2)), apart((1, 1, 2, 2), 1)],
        ),
    ],
    "cross_entropy": [
        ("mean", lambda x: ops.cross_entropy(x, LABELS), [apart((4, 3))]),
        (
            "sum, smoothed",
            lambda x: ops.cross_entropy(x, LABELS, label_smoothing=0.1, reduction="sum"),
            [apart((4, 3))],
        ),
        ("one by one", lambda x: ops.cross_entropy(x, LABELS, reduction="none"), [apart((4, 3))]),
        *[
            (
                f"weights, {reduction}",
                lambda x, reduction=reduction: ops.cross_entropy(
                    x, LABELS, weights=[0.5, 0, 2, 3], label_smoothing=0.1, reduction=reduction
                ),
                [apart((4, 3))],
            )
            for reduction in ("mean", "sum", "none")
        ],
        *[
            (
                f"class weights, smoothed by {smoothing}, {reduction}",
                lambda x, smoothing=smoothing, reduction=reduction: ops.cross_entropy(
                    x, LABELS, class_weights=[0.5, 0, 2], label_smoothing=smoothing, reduction=reduction
                ),
                [apart((4, 3))],
            )
            for smoothing in (0.0, 0.3)
            for reduction in ("mean", "sum", "none")
        ],
        *[
            (
                f"pixels, some of them void, {reduction}",
                lambda x, reduction=reduction: ops.cross_entropy(
                    x,
                    PIXELS,
                    ignore=255,
                    label_smoothing=0.1,
                    weights=1 + np.arange(6.0).reshape(1, 2, 3),
                    class_weights=[0.5, 0, 2],
                    reduction=reduction,
                ),
                [apart((1, 2, 3, 3))],
            )
            for reduction in ("mean", "sum", "none")
        ],
        ("pixels that all count", lambda x: ops.cross_entropy(x, PIXELS % 253), [apart((1, 2, 3, 3))]),
        ("all pixels void", lambda x: ops.cross_entropy(x, PIXELS * 0 + 255, ignore=255), [apart((1, 2, 3, 3))]),
    ],
    "clip": [
        ("both sides", lambda x: ops.clip(x, -0.4, 0.3), [apart((3, 4))]),
        ("one bound", lambda x: ops.clip(x, low=0.0), [apart((3, 4))]),
    ],
    "dice_loss": [
        ("pixels, some of them void", lambda x: ops.dice_loss(x, PIXELS, ignore=255), [apart((1, 2, 3, 3), step=0.3)]),
        ("rows", lambda x: ops.dice_loss(x, LABELS, smoothing=0.1), [apart((4, 3))]),
    ],
    "divide": [("broadcast", ops.divide, [apart((2, 3)), positive((3,), 1)])],
    "dropout": [("some are dropped", lambda x: ops.dropout(x, 0.5, KEY), [apart((5, 5))])],
    "exp": [("negative and positive", ops.exp, [apart((2, 3))])],
    "flatten": [("images", ops.flatten, [apart((2, 2, 3, 1))])],
    "focal_loss": [
        ("rows", lambda x: ops.focal_loss(x, LABELS), [apart((4, 3))]),
        ("of power 0", lambda x: ops.focal_loss(x, LABELS, gamma=0), [apart((4, 3))]),
        *[
            (
                f"pixels, some of them void, {reduction}",
                lambda x, reduction=reduction: ops.focal_loss(
                    x, PIXELS, gamma=0.5, ignore=255, class_weights=[0.5, 0, 2], reduction=reduction
                ),
                [apart((1, 2, 3, 3))],
            )
            for reduction in ("mean", "sum", "none")
        ],
    ],
    "giou_loss": [
        ("boxes that meet and that do not", lambda x: ops.giou_loss(x, corners(6, 9)), [corners(6, 1)]),
        ("each of them", lambda x: ops.giou_loss(x, corners(6, 9), reduction="none"), [corners(6, 1)]),
    ],
    "global_avg_pool2d": [("images", ops.global_avg_pool2d, [apart((2, 3, 2, 2))])],
    "global_max_pool2d": [("images", ops.global_max_pool2d, [apart((2, 3, 2, 2))])],
    "gru": [
        (
            f"{directions} along axis {axis}",
            lambda p, w, b, axis=axis: ops.gru(p, w, b, axis=axis),
            [apart((2, 3, 2, D * 6), 0, 0.02), apart((D, 2, 6), 1, 0.1), apart((D * 6,), 2)],
        )
        for axis in (1, 2)
        for D, directions in ((1, "one way"), (2, "both ways"))
    ],
    "hard_sigmoid": [("all three parts", ops.hard_sigmoid, [apart((6, 5), step=0.3)])],
    "hard_swish": [("all three parts", ops.hard_swish, [apart((6, 5), step=0.3)])],
    "leaky_relu": [
        (f"slope {slope}", lambda x, slope=slope: ops.leaky_relu(x, slope), [apart((3, 4))])
        for slope in (0.2, 0, 1, 3, -0.2, -3)
    ],
    "linear": [
        (
            "with relu",
            lambda x, w, b: ops.linear(x, w, b, activation="relu"),
            [apart((3, 4)), apart((4, 2), 1), apart((2,))],
        ),
        (
            "with swish",
            lambda x, w, b: ops.linear(x, w, b, activation="swish"),
            [apart((3, 4)), apart((4, 2), 1), apart((2,))],
        ),
        (
            "with a leaky relu of negative slope",
            lambda x, w, b: ops.linear(x, w, b, activation=leaky(-2)),
            [apart((3, 4)), apart((4, 2), 1), apart((2,))],
        ),
        ("plain", ops.linear, [apart((3, 4)), apart((4, 2), 1), apart((2,))]),
        ("without bias", lambda x, w: ops.linear(x, w, activation="relu6"), [apart((3, 4)), apart((4, 2), 1)]),
    ],
    "local_response_norm": [
        ("the customary", ops.local_response_norm, [apart((2, 2, 1, 7))]),
        ("strong", lambda x: ops.local_response_norm(x, 4, 0.8, 0.6, 2), [apart((2, 2, 1, 7))]),
        ("wider than the channels", lambda x: ops.local_response_norm(x, 9, 0.8, 1, 2), [apart((2, 1, 1, 3))]),
    ],
    "log": [("positive", ops.log, [positive((2, 3))])],
    "log_softmax": [("rows", ops.log_softmax, [apart((3, 4))])],
    "matmul": [("matrices", ops.matmul, [apart((3, 4)), apart((4, 2), 1)])],
    "max": [
        ("all", ops.max, [apart((2, 3))]),
        ("two axes", lambda x: ops.max(x, (0, -1)), [apart((2, 3, 4))]),
        ("one kept", lambda x: ops.max(x, 1, keepdims=True), [apart((2, 3))]),
    ],
    "max_pool2d": [
        ("side by side", lambda x: ops.max_pool2d(x, 2), [apart((2, 4, 5, 2))]),
        ("overlapping and padded", lambda x: ops.max_pool2d(x, 3, 2, 1), [apart((1, 5, 5, 2))]),
        ("TensorFlow's padding", lambda x: ops.max_pool2d(x, 3, 2, "same"), [apart((1, 4, 5, 2))]),
    ],
    "maximum": [("broadcast", ops.maximum, [apart((2, 3)), apart((3,), 1) + 0.05])],
    "mean": [("all", ops.mean, [apart((2, 3))]), ("one axis", lambda x: ops.mean(x, -1), [apart((2, 3))])],
    "minimum": [("broadcast", ops.minimum, [apart((2, 3)), apart((3,), 1) + 0.05])],
    "multiply": [
        ("broadcast", ops.multiply, [apart((2, 3)), apart((2, 1), 1)]),
        ("a tensor with itself", lambda x: ops.multiply(x, x), [apart((3,))]),
    ],
    "negate": [("matrix", ops.negate, [apart((2, 3))])],
    "pad": [("uneven", lambda x: ops.pad(x, [(1, 0), (2, 1)], 5.0), [apart((2, 3))])],
    "permute": [("three axes", lambda x: ops.permute(x, (2, 0, 1)), [apart((2, 3, 4))])],
    "relu": [("both sides", ops.relu, [apart((3, 4))])],
    "relu6": [("all three parts", ops.relu6, [apart((5, 5), step=0.6)])],
    "reshape": [("size left open", lambda x: ops.reshape(x, (3, -1)), [apart((2, 6))])],
    "resize": [
        (
            f"{mode}, {size}, corners {aligned}",
            lambda x, mode=mode, size=size, aligned=aligned: ops.resize(x, size, mode=mode, align_corners=aligned),
            [apart((2, 3, 4, 2))],
        )
        for mode in ("bilinear", "nearest")
        for size in ((5, 9), (2, 1), (4, 3))
        for aligned in (False, True)
    ],
    "roi_align": [
        (
            f"{sampling} samples, aligned {aligned}",
            lambda x, sampling=sampling, aligned=aligned: ops.roi_align(
                x, ROIS.astype(x.dtype), (2, 3), scale=0.5, sampling=sampling, aligned=aligned
            ),
            [apart((2, 4, 5, 2))],
        )
        for sampling in (None, 2)
        for aligned in (True, False)
    ],
    "roi_pool": [
        ("bins that overlap", lambda x: ops.roi_pool(x, ROIS.astype(x.dtype), (2, 3), scale=0.5), [apart((2, 4, 5, 2))])
    ],
    "scale_channels": [("images", ops.scale_channels, [apart((2, 3, 2, 3)), apart((2, 3), 1)])],
    "sigmoid": [("both sides", ops.sigmoid, [apart((3, 4))])],
    "sigmoid_focal_loss": [
        ("the paper's", lambda x: ops.sigmoid_focal_loss(x, YES), [apart((3, 4), step=0.3)]),
        (
            "weighed, a root",
            lambda x: ops.sigmoid_focal_loss(x, YES, alpha=-1, gamma=0.5, weights=[1, 0, 2, 3], reduction="sum"),
            [apart((3, 4), step=0.3)],
        ),
        ("of power 0", lambda x: ops.sigmoid_focal_loss(x, YES, gamma=0, reduction="none"), [apart((3, 4))]),
    ],
    "smooth_l1_loss": [
        ("both parts", lambda x: ops.smooth_l1_loss(x, TARGETS, reduction="none"), [apart((3, 4), step=0.3)]),
        ("narrow", lambda x: ops.smooth_l1_loss(x, TARGETS, beta=0.2, weights=[1, 0, 2, 3]), [apart((3, 4))]),
    ],
    "split": [
        ("channels", lambda x: ops.multiply(*ops.split(x, (2, 2))), [apart((3, 4))]),
        ("a part that nobody uses", lambda x: ops.split(x, (1, 2, 1), axis=0)[1], [apart((4, 3))]),
    ],
    "slice": [("steps", lambda x: ops.slice(x, (0, 1), (3, -1), (2, 1)), [apart((4, 5))])],
    "softmax": [("rows", ops.softmax, [apart((3, 4))])],
    "sqrt": [("positive", ops.sqrt, [positive((2, 3))])],
    "subtract": [("broadcast", ops.subtract, [apart((3,)), apart((2, 3), 1)])],
    "sum": [("all", ops.sum, [apart((2, 3))]), ("kept", lambda x: ops.sum(x, (0, 2), True), [apart((2, 3, 2))])],
    "swish": [("both sides", ops.swish, [apart((5, 5), step=0.3)])],
    "tanh": [("both sides", ops.tanh, [apart((5, 5), step=0.2)])],
    "where": [
        ("a mask", lambda x, y: ops.where(MASK, x, y), [apart((2, 3)), apart((2, 3), 1)]),
        ("all are broadcast", lambda x, y: ops.where(MASK, x, y), [apart((2, 1, 3)), apart((1,), 1)]),
        ("numbers", lambda x: ops.where(MASK, 2.0, x), [apart((2, 3))]),
    ],
}
NO_GRADIENT = {"box_iou", "select", "window"}


@pytest.mark.parametrize(
    ("fn", "inputs"),
    [pytest.param(fn, inputs, id=f"{op}: {what}") for op, rows in CASES.items() for what, fn, inputs in rows],
)
def test_the_gradient_is_that_of_the_values(fn, inputs):
    gradcheck(fn, inputs)


def test_every_op_has_a_row():
    assert set(ops.__all__) - NO_GRADIENT == set(CASES)
