"""CUDA's kernels in Numba's simulator: each answer is held against the definition, and nothing is timed.

A simulated thread takes as long as a device's thousand, so a time would say nothing of one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from cnnkit import kernels
from cnnkit.errors import CheckFailed
from cnnkit.kernels import reference
from cnnkit.kernels.shared.array import Host
from cnnkit.kernels.shared.geometry import Window
from cnnkit.kernels.shared.scalar import RELU, SWISH

# What the suites have and this has not.
LEFT_OUT = "Left out: whole networks and the CRF, which take the simulator minutes to hours."
# Rounding of sums of some hundred terms, as a share of the greatest number that is expected.
MOST = 1e-5
SAME = Window(1, 1, 1, 1, 1, 1)
Call = tuple[str, tuple[Any, ...], dict[str, Any]]


def checked(only: str = "") -> Iterator[str]:
    """The name of each case whose name contains `only`, once its answer was found right.

    Raises:
        CheckFailed: an answer differs from the definition by more than rounding.
    """
    for name, (kernel, args, options) in _cases().items():
        if only not in name:
            continue
        k = kernels.home()
        expected = _several(getattr(reference, kernel)(*args, **options))
        found = _several(getattr(k, kernel)(*_each(args, k.put), **_each(options, k.put)))
        for y, wanted in zip(found, expected, strict=True):
            if wanted is not None:
                _compare(name, k.fetch(y), wanted)
        yield name


def _cases() -> dict[str, Call]:
    rng = np.random.default_rng(0)

    def floats(*shape: int) -> Host:
        return rng.standard_normal(shape).astype(np.float32)

    x, w, row, labels = floats(2, 6, 6, 4), floats(3, 3, 4, 8), floats(4), np.array([1, 3])
    dy, matrix, deep = floats(2, 6, 6, 8), floats(8, 5), floats(3, 3, 1, 4)
    corners = 6 * np.sort(rng.random((6, 2, 2), np.float32), axis=1).reshape(6, 4)
    boxes, rois = corners[None], np.column_stack([np.array([0, 1], np.float32), corners[:2]])
    return {
        "conv 3x3": ("conv2d", (x, w, SAME), {"bias": floats(8), "activation": RELU}),
        "conv 3x3, stride 2": ("conv2d", (x, w, Window(2, 2, 1, 1, 1, 1)), {}),
        "conv 3x3, gradient by images": ("conv2d_dx", (dy, w, x.shape, SAME), {}),
        "conv 3x3, gradient by filters": ("conv2d_dw", (dy, x, w.shape, SAME), {"needs_db": True}),
        "conv 3x3, depthwise": ("conv2d", (x, deep, SAME, 4), {}),
        "transposed conv": ("conv_transpose2d", (dy, w, x.shape, SAME), {}),
        "dense": ("dense", (floats(3, 8), matrix), {"bias": floats(5)}),
        "dense, gradient by weights": ("dense_dw", (floats(3, 5), floats(3, 8)), {"needs_db": True}),
        "max pool": ("max_pool2d", (x, (2, 2), Window(2, 2)), {}),
        "average pool": ("avg_pool2d", (x, (3, 3), SAME), {}),
        "global average": ("adaptive_avg_pool2d", (x, (1, 1)), {}),
        "batch norm": ("batch_norm", (x, row, row, 1e-5), {"activation": RELU}),
        "batch norm, gradient": ("batch_norm_dx", (x, x[::-1].copy(), row, row, row, row**2, 1e-5), {}),
        "swish": ("activate", (x, SWISH), {}),
        "sum of two": ("add", (x, row), {}),
        "sum over axes": ("sum_over", (x, (0, 2)), {}),
        "softmax": ("softmax", (floats(3, 10),), {}),
        "cross-entropy": ("cross_entropy", (floats(2, 5), labels, 0.1), {}),
        "resize": ("resize", (x, (9, 4)), {}),
        "resize, gradient": ("resize_dx", (floats(2, 9, 4, 4), x.shape), {}),
        "gru": ("gru", (floats(1, 2, 3, 12), floats(1, 4, 12), floats(12), 1), {}),
        "suppression": ("select", (boxes, rng.random((1, 6, 2), np.float32)), {"score": 0.3, "iou": 0.4, "places": 3}),
        "RoIAlign": ("roi_align", (x, rois, (2, 2), 0.5, 2, True), {}),
        "RoIAlign, gradient": ("roi_align_dx", (floats(2, 2, 2, 4), rois, x.shape, 0.5, 2, True), {}),
        "dropout": ("dropout", (x, 0.5, (1, np.array(2))), {}),
    }


def _compare(name: str, found: Host, expected: Host) -> None:
    size = max(float(np.abs(expected).max(initial=0.0)), 1e-30)
    apart = float(np.abs(found.astype(np.float64) - expected).max(initial=0.0)) / size
    if found.shape != expected.shape or not apart <= MOST:
        raise CheckFailed(f"{name}: CUDA's answer differs from the definition by {apart:.1e} of its greatest number.")


def _several(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)


def _each(value: Any, put: Callable[[Host], Any]) -> Any:
    if isinstance(value, dict):
        return {name: _each(item, put) for name, item in value.items()}
    if type(value) is tuple:
        return tuple(_each(item, put) for item in value)
    return put(value) if isinstance(value, np.ndarray) else value
