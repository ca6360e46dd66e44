"""A task in one file: how much ink an image has. One number an image, the mean absolute error, low is good."""

from dataclasses import dataclass

import numpy as np

from cnnkit import ops
from cnnkit.autograd import Tensor
from cnnkit.data.load.batch import Batch
from cnnkit.tasks import Judgement, Metric, StepLoss, Tally, Task
from cnnkit.tasks.registry import register


@dataclass(frozen=True)
class Ink:
    """ink: in tenths of a white image."""

    ink: float


@register
class InkTask(Task[Ink]):
    name = "ink"
    summary = "how much ink an image has"
    metrics = (Metric("mae", "mean error", high=False, share=False),)
    running = (Metric("off", "off by", high=False, share=False),)
    columns = ("ink",)
    outputs = 1

    def targets(self, samples):
        return np.array([[sample.image.mean() / 25.5] for sample in samples], np.float32)

    def blank(self, shape, size, *, mixed=False):
        return Batch(np.zeros((size, *shape), np.float32), np.zeros((size, 1), np.float32), np.arange(size))

    def loss(self, model, batch):
        off = model(Tensor(batch.x)) - Tensor(batch.targets)
        return StepLoss(ops.mean(off * off), lambda: {"off": float(np.abs(off.numpy()).sum())})

    def tally(self):
        return InkTally()

    def decode(self, outputs, views, top):
        return [Ink(float(ink)) for [ink] in outputs]


class InkTally(Tally):
    def __init__(self):
        self.off = np.zeros((0, 1), np.float32)

    def add(self, outputs, batch):
        self.off = np.concatenate([self.off, outputs - batch.targets])

    def judgement(self):
        n = max(1, len(self.off))
        return Judgement(float((self.off**2).sum()) / n, {"mae": float(np.abs(self.off).sum()) / n}, len(self.off))
