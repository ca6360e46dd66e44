"""The fully connected CRF on a picture and scores of the size of PASCAL VOC's; checked against its formula."""

from __future__ import annotations

import numpy as np

from cnnkit import kernels
from cnnkit.bench.cases import Case
from cnnkit.errors import CheckFailed
from cnnkit.kernels.shared.array import Host
from cnnkit.tasks.segmentation.crf import DEEPLAB, refine

SIZE, CLASSES = (375, 500), 21


def crf_case() -> Case:
    """All of it: two lattices, ten iterations of 21 labels."""
    picture, logits = picture_and_logits(SIZE)
    return Case(f"dense crf {SIZE[0]}x{SIZE[1]}x{CLASSES}", lambda: refine(logits, picture), _check)


def picture_and_logits(size: tuple[int, int]) -> tuple[Host, Host]:
    """Patches of even colour with the noise of a camera, and the logits that a network of stride 8 might give."""
    rng = np.random.default_rng(0)
    patches = np.indices(size).sum(axis=0) // 60 * 3 + np.indices(size)[0] // 80
    colours = rng.uniform(20, 235, (patches.max() + 1, 3))[patches] + rng.normal(0, 3, (*size, 3))
    cells = np.kron(rng.integers(0, CLASSES, (size[0] // 8 + 1, size[1] // 8 + 1)), np.ones((8, 8), np.int64))
    logits = 3 * np.eye(CLASSES)[cells[: size[0], : size[1]]] + rng.standard_normal((*size, CLASSES))
    return np.clip(colours, 0, 255).astype(np.uint8), logits.astype(np.float32)


def _check() -> None:
    """Of a picture for which all pairs of pixels can be summed."""
    picture, logits = picture_and_logits((32, 40))
    fast = refine(logits, picture, DEEPLAB)
    with kernels.use(backend="reference"):
        dense = refine(logits, picture, DEEPLAB)
    equal = float((fast.argmax(axis=2) == dense.argmax(axis=2)).mean())
    if not equal >= 0.98:
        raise CheckFailed(f"dense crf has only {equal:.1%} of its labels as the formula has them.")
