"""Every message of the ops: what was wanted, what came, and the next move."""

import re

import numpy as np
import pytest

from cnnkit import nn, ops
from cnnkit.errors import CnnkitError, DataError, DTypeError, ShapeError, UsageError


def x(*shape: int) -> np.ndarray:
    return np.zeros(shape)


CASES = [
    (
        ShapeError,
        lambda: ops.conv2d(x(3, 8, 8), x(3, 3, 8, 4)),
        "images (N, H, W, C), but x has shape (3, 8, 8). Add the",
    ),
    (ShapeError, lambda: ops.conv2d(x(8, 8), x(3, 3, 8, 4)), "images (N, H, W, C), but x has shape (8, 8)."),
    (
        ShapeError,
        lambda: ops.conv2d(x(1, 8, 8, 3), x(3, 3, 3)),
        "filters (KH, KW, C / groups, O), but weight has shape",
    ),
    (
        ShapeError,
        lambda: ops.conv2d(x(1, 3, 8, 8), x(3, 3, 3, 4)),
        "but x has 8: (1, 3, 8, 8). Is the image still channels",
    ),
    (
        ShapeError,
        lambda: ops.conv2d(x(1, 8, 8, 1), x(3, 3, 3, 4)),
        "but x has 1: (1, 8, 8, 1). Is it an image for this",
    ),
    (
        ShapeError,
        lambda: ops.conv2d(x(1, 8, 8, 4), x(3, 3, 2, 5), groups=2),
        "out_channels (=5) to be a multiple of groups",
    ),
    (ShapeError, lambda: ops.conv2d(x(1, 8, 8, 4), x(3, 3, 2, 5), groups=0), "with groups at least 1"),
    (ShapeError, lambda: ops.conv2d(x(1, 8, 8, 2), x(3, 3, 2, 5), x(4)), "a bias of shape (5,), one number per filter"),
    (
        ShapeError,
        lambda: ops.conv2d(x(1, 8, 8, 2), x(3, 3, 2, 5), residual=x(1, 8, 8, 5)),
        "the shape of its result, (1, 6, 6, 5), but received (1, 8, 8, 5). Bring the shortcut",
    ),
    (
        ShapeError,
        lambda: ops.conv2d(x(1, 4, 9, 2), x(3, 3, 2, 5), dilation=2),
        "reaches over 5x5 pixels, but the padded image has only 4x9: x is (1, 4, 9, 2). Give it larger",
    ),
    (UsageError, lambda: ops.conv2d(x(1, 8, 8, 2), x(3, 3, 2, 5), activation="gelu"), "one of identity, relu, relu6,"),
    (
        UsageError,
        lambda: ops.conv2d(x(1, 8, 8, 2), x(3, 3, 2, 5), stride=0),
        "stride is 0, expected numbers of at least 1",
    ),
    (
        UsageError,
        lambda: ops.conv2d(x(1, 8, 8, 2), x(3, 3, 2, 5), padding=-1),
        "padding is -1, expected numbers of at leas",
    ),
    (
        UsageError,
        lambda: ops.conv2d(x(1, 8, 8, 2), x(3, 3, 2, 5), stride=1.5),
        "stride is 1.5, expected a whole number or",
    ),
    (UsageError, lambda: ops.conv2d(x(1, 8, 8, 2), x(3, 3, 2, 5), dilation=(1, 2, 3)), "a pair (height, width)"),
    (UsageError, lambda: ops.conv2d([[1.0]], x(3, 3, 2, 5)), "a Tensor or a numpy array, but received list. Wrap it"),
    (
        ShapeError,
        lambda: ops.linear(x(1, 2, 3), x(3, 4)),
        "rows (N, in_features), but x has shape (1, 2, 3). Flatten it",
    ),
    (
        ShapeError,
        lambda: ops.linear(x(2, 3), x(4, 5)),
        "4 features (weight (4, 5)), but x has 3: (2, 3). Was the model",
    ),
    (ShapeError, lambda: ops.linear(x(2, 3), x(3)), "a weight (in_features, out_features), but received (3,)"),
    (ShapeError, lambda: ops.linear(x(2, 3), x(3, 5), x(3)), "a bias of shape (5,), one number per column"),
    (UsageError, lambda: ops.linear(x(2, 3), x(3, 5), activation="gelu"), "linear expects activation to be one of"),
    (
        ShapeError,
        lambda: ops.max_pool2d(x(1, 1, 8, 2), 2),
        "reaches over 2x2 pixels, but the padded image has only 1x8",
    ),
    (ShapeError, lambda: ops.avg_pool2d(x(8, 8, 2), 2), "avg_pool2d expects images (N, H, W, C)"),
    (UsageError, lambda: ops.max_pool2d(x(1, 8, 8, 2), 2, 2, 2), "expects less padding than that on each side"),
    (UsageError, lambda: ops.max_pool2d(x(1, 8, 8, 2), 0), "kernel_size is 0, expected numbers of at least 1"),
    (UsageError, lambda: ops.adaptive_avg_pool2d(x(1, 8, 8, 2), 0), "size is 0, expected numbers of at least 1"),
    (ShapeError, lambda: ops.max_pool2d(x(2, 0, 8, 3), 3, 1, 1), "at least one pixel, but x has shape (2, 0, 8, 3)"),
    (ShapeError, lambda: ops.avg_pool2d(x(2, 8, 0, 3), 2), "avg_pool2d expects images of at least one pixel"),
    (ShapeError, lambda: ops.global_max_pool2d(x(2, 0, 0, 3)), "expects images of at least one pixel"),
    (ShapeError, lambda: nn.GlobalAvgPool2d().output_shape((2, 0, 1, 3)), "GlobalAvgPool2d expects images of at least"),
    (ShapeError, lambda: ops.conv2d(x(1, 8, 8, 2), x(0, 3, 2, 4), padding=1), "filters of at least 1x1 pixels"),
    (ShapeError, lambda: ops.conv2d(x(1, 8, 8, 2), x(4), padding="same"), "filters (KH, KW, C / groups, O), but"),
    (ShapeError, lambda: ops.global_avg_pool2d(x(2, 2)), "adaptive_avg_pool2d expects images"),
    (ShapeError, lambda: ops.add(x(2, 3), x(2)), "received (2, 3) and (2,). Reshape one of them"),
    (UsageError, lambda: ops.add(x(2), "3"), "Wrap it"),
    (ShapeError, lambda: ops.where(x(4), x(2, 3), 0.0), "received (4,) and (2, 3) and (). Reshape one of them"),
    (UsageError, lambda: ops.clip(x(2), 1, -1), "low <= high, but received 1 and -1. Swap them"),
    (UsageError, lambda: ops.clip(x(2), np.nan), "low <= high, but received nan and inf"),
    (ShapeError, lambda: ops.softmax(x(2, 0)), "a last axis of at least one class, but x has shape (2, 0)"),
    (UsageError, lambda: ops.dropout(x(2), 1.0, (0, 0)), "a rate from 0 up to, not including, 1, but received 1.0"),
    (UsageError, lambda: ops.dropout(x(2), 0.5, (0, -1)), "a stream from 0 up to 2**63, or a counter, but received -1"),
    (UsageError, lambda: ops.dropout(x(2), 0.5, (0, 1.5)), "or a counter, but received 1.5"),
    (DTypeError, lambda: ops.dropout(x(2), 0.5, (0, np.zeros(1))), "a counter of int64, but received float64"),
    (ShapeError, lambda: ops.dropout(x(2), 0.5, (0, np.zeros(2, np.int64))), "a counter of one number, but it has"),
    (ShapeError, lambda: ops.sum(x(2), 1), "an axis from -1 to 0, but received 1: x has 1 axes"),
    (ShapeError, lambda: ops.mean(x(2, 2), (0, -2)), "every axis once, but received (0, -2)"),
    (ShapeError, lambda: ops.max(x(0, 2)), "at least one element to choose from, but x has shape (0, 2)"),
    (ShapeError, lambda: ops.reshape(x(2, 3), (4, 2)), "a shape of 6 elements, as x (2, 3) has, but received (4, 2)"),
    (ShapeError, lambda: ops.reshape(x(2, 3), (4, -1)), "but received (4, -1). One size may be -1"),
    (ShapeError, lambda: ops.reshape(x(2, 3), (-1, -1)), "One size may be -1"),
    (ShapeError, lambda: ops.flatten(x()), "flatten expects a batch (N, ...)"),
    (ShapeError, lambda: ops.concat([]), "at least one tensor, but received none"),
    (
        ShapeError,
        lambda: ops.concat([x(2, 3), x(2, 3), x(3, 3)]),
        "tensor 0 has (2, 3) and tensor 2 has (3, 3). Pad or",
    ),
    (ShapeError, lambda: ops.pad(x(2, 3), [(1, 1)]), "pad expects 2 pairs (before, after) of at least 0"),
    (ShapeError, lambda: ops.pad(x(2), [(-1, 1)]), "To cut off, use slice"),
    (ShapeError, lambda: ops.split(x(2, 3), (1, 1)), "split expects sizes that come to 3"),
    (ShapeError, lambda: ops.slice(x(2, 3), [0], [1, 2]), "slice expects 2 starts, stops and steps"),
    (ShapeError, lambda: ops.slice(x(2), [0], [1], [-1]), "steps of at least 1, but received [-1]"),
    (ShapeError, lambda: ops.permute(x(2, 3), (0, 0)), "every axis of x (2, 3) once, but received (0, 0). Name 0 to 1"),
    (
        ShapeError,
        lambda: ops.batch_norm(x(1, 1, 1, 3), x(3), x(3)),
        "at least 2 values of each channel to normalise by in training, but x (1, 1, 1, 3) has 1. Use a larger batch",
    ),
    (ShapeError, lambda: ops.batch_norm(x(0, 4, 4, 3), x(3), x(3)), "but x (0, 4, 4, 3) has 0"),
    (ShapeError, lambda: ops.batch_norm(x(3), x(3), x(3)), "batch_norm expects a batch (..., C), but x has shape (3,)"),
    (
        ShapeError,
        lambda: ops.batch_norm(x(2, 4, 4, 3), x(3), x(4)),
        "bias of shape (3,), one number per channel of x (2, 4, 4, 3), but received (4,). Was it made",
    ),
    (
        ShapeError,
        lambda: ops.batch_norm(x(2, 4, 4, 3), x(3), x(3), residual=x(2, 2, 2, 3)),
        "a residual of the shape of x, (2, 4, 4, 3), but received (2, 2, 2, 3). Bring the shortcut",
    ),
    (
        ShapeError,
        lambda: ops.batch_norm_frozen(x(1, 4, 4, 3), x(3), x(3), x(3), x(1)),
        "batch_norm_frozen expects var of shape (3,)",
    ),
    (UsageError, lambda: ops.batch_norm(x(2, 3), x(3), x(3), activation="gelu"), "batch_norm expects activation to be"),
    (ShapeError, lambda: ops.local_response_norm(x()), "an axis of channels, but x has shape ()"),
    (UsageError, lambda: ops.local_response_norm(x(2, 3), 0), "but received size=0, k=1.0, alpha=0.0001. The paper"),
    (
        ShapeError,
        lambda: ops.scale_channels(x(2, 4, 4, 3), x(2, 4)),
        "factors of shape (2, 3), one per image and channel of x (2, 4, 4, 3), but received (2, 4). Do they come",
    ),
    (ShapeError, lambda: ops.scale_channels(x(2, 3), x(2, 3)), "scale_channels expects images (N, H, W, C)"),
    (
        ShapeError,
        lambda: ops.channel_shuffle(x(1, 2, 2, 5), 2),
        "channels that 2 groups can share equally, but x has shape (1, 2, 2, 5). Change groups",
    ),
    (ShapeError, lambda: ops.cross_entropy(x(2), np.zeros(2, int)), "where each pixel has a label, but received (2,)."),
    (
        ShapeError,
        lambda: ops.cross_entropy(x(2, 4, 5, 3), np.zeros((2, 5, 4), int)),
        "whole numbers as labels, shape (2, 4, 5), one for each pixel of logits, but received int64 of shape (2, 5, 4)",
    ),
    (
        DataError,
        lambda: ops.cross_entropy(x(1, 2, 2, 3), np.array([[[0, 255], [1, 4]]], np.uint8), ignore=255),
        "from 0 to 2 for 3 classes, or 255 for what is to be ignored, but label (0, 1, 1) is 4. Does the model have",
    ),
    (
        DataError,
        lambda: ops.cross_entropy(x(1, 2, 2, 3), np.zeros((1, 2, 2), int), class_weights=[0.0, 1.0, 1.0]),
        "expects a pixel whose weight is above 0",
    ),
    (ShapeError, lambda: ops.cross_entropy(x(2, 3), np.zeros(3, int)), "2 whole numbers as labels, shape (2,)"),
    (
        ShapeError,
        lambda: ops.cross_entropy(x(2, 3), np.zeros(2)),
        "but received float64 of shape (2,). Use the class num",
    ),
    (
        DataError,
        lambda: ops.cross_entropy(x(2, 3), np.array([0, 3])),
        "from 0 to 2 for 3 classes, but label 1 is 3. Does",
    ),
    (DataError, lambda: ops.cross_entropy(x(2, 3), np.array([-1, 2])), "but label 0 is -1"),
    (UsageError, lambda: ops.cross_entropy(x(1, 3), [0], label_smoothing=1), "label_smoothing is 1, expected"),
    (
        ShapeError,
        lambda: ops.cross_entropy(x(2, 3), [0, 1], weights=[1.0] * 3),
        "one weight for each image, shape (2,), but received (3,)",
    ),
    (
        DataError,
        lambda: ops.cross_entropy(x(2, 3), [0, 1], weights=[1.0, -2.0]),
        "finite weights, none below 0 and at least one above 0, but they go from -2.0 to 1.0",
    ),
    (DataError, lambda: ops.cross_entropy(x(2, 3), [0, 1], weights=[0.0, 0.0]), "but they go from 0.0 to 0.0"),
    (DataError, lambda: ops.cross_entropy(x(2, 3), [0, 1], weights=[1.0, np.inf]), "but they go from 1.0 to inf"),
    (
        ShapeError,
        lambda: ops.cross_entropy(x(2, 3), [0, 1], class_weights=[1.0] * 2),
        "one weight for each class, shape (3,), but received (2,)",
    ),
    (
        DataError,
        lambda: ops.cross_entropy(x(2, 3), [0, 0], class_weights=[0.0, 1.0, 1.0]),
        "all of this batch weigh nothing",
    ),
    (UsageError, lambda: ops.gru(x(1, 2, 2, 6), x(1, 2, 6), x(6), axis=3), "axis 1 (from row to row) or 2"),
    (ShapeError, lambda: ops.gru(x(1, 2, 2, 6), x(2, 6), x(6), axis=1), "of 1 or 2 directions, but received (2, 6)"),
    (
        ShapeError,
        lambda: ops.gru(x(1, 2, 2, 6), x(2, 2, 6), x(12), axis=1),
        "gru expects 12 channels, three gates of 2 units for 2 directions (weight (2, 2, 6)), but p has 6",
    ),
    (ShapeError, lambda: ops.gru(x(1, 2, 2, 6), x(1, 2, 6), x(3), axis=1), "a bias of shape (6,), three gates of 2"),
    (UsageError, lambda: ops.focal_loss(x(1, 3), [0], gamma=-1), "gamma is -1, expected a finite number from 0 up"),
    (DataError, lambda: ops.focal_loss(x(1, 3), [3]), "focal_loss expects labels from 0 to 2 for 3 classes, but"),
    (UsageError, lambda: ops.dice_loss(x(1, 3), [0], smoothing=0), "smoothing is 0, expected a finite number of pix"),
    (ShapeError, lambda: ops.dice_loss(x(1, 3), [0, 1]), "dice_loss expects 1 whole numbers as labels, shape (1,)"),
    (UsageError, lambda: ops.cross_entropy(x(1, 3), [0], reduction="max"), "expected 'mean', 'sum' or 'none'"),
]


@pytest.mark.parametrize(("kind", "call", "message"), CASES, ids=[message for _, _, message in CASES])
def test_the_message_tells_what_was_wanted_and_what_came(kind: type[CnnkitError], call, message: str):
    with pytest.raises(kind, match=re.escape(message)):
        call()
