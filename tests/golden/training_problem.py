"""A hundred steps that both sides of a comparison take: the same pictures, labels and rule, all by formula.

Ten classes, each a pattern of coarse squares under noise two to four times as strong; every step sees new pictures.
So the loss falls steadily and stays above zero, which is where it tells something. A warm-up and small rates keep the
growth of rounding mild: a training at the edge of stability doubles it every few steps, and then nothing can be
compared after some dozens.
"""

from typing import NamedTuple

import numpy as np
from formula import noise

CLASSES, BATCH, STEPS, WARMUP = 10, 32, 100, 20
MOMENTUM, WEIGHT_DECAY = 0.9, 5e-4


class Problem(NamedTuple):
    """One network's task.

    shape: (H, W, C) of a picture.   square: side of a pattern's squares.   pattern, scatter: strength of the pattern
    and of the noise upon it.   lr: the rate after the warm-up.
    """

    shape: tuple[int, int, int]
    square: int
    pattern: float
    scatter: float
    lr: float


PROBLEMS = {
    "convnet": Problem((28, 28, 1), 4, 0.15, 0.5, 0.002),
    "resnet20": Problem((32, 32, 3), 8, 0.5, 1.0, 0.05),
}


def batch(problem: Problem, step: int) -> tuple[np.ndarray, np.ndarray]:
    """The pictures of step 0, 1, 2, …, (N, H, W, C) float32, and their labels, (N,) int64; exact on every machine."""
    H, W, C = problem.shape
    labels = ((noise(BATCH, 50_000 + step) + 1) / 2 * CLASSES).astype(np.int64)
    rows, cols = -(-H // problem.square), -(-W // problem.square)
    coarse = noise(CLASSES * rows * cols * C, 40_000).reshape(CLASSES, rows, cols, C)
    patterns = coarse.repeat(problem.square, axis=1).repeat(problem.square, axis=2)[:, :H, :W]
    scatter = noise(BATCH * H * W * C, 60_000 + step).reshape(BATCH, H, W, C)
    return (problem.pattern * patterns[labels] + problem.scatter * scatter).astype(np.float32), labels
