"""Networks that find boxes: what their last layers tell ("heads"), and a training step.

Of the numbers of heads boxes are made, and the best are chosen: that is no part of what is compared in prediction, for
other libraries have no one way to do it; `box_cases` measure it by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, final

import numpy as np

from cnnkit import kernels, models
from cnnkit.autograd import Tensor, no_grad
from cnnkit.bench.cases import Case
from cnnkit.bench.network_cases.learning import learning_case, resting
from cnnkit.bench.network_cases.scores import LEARNS, title_of, titled
from cnnkit.bench.network_cases.stages import stages_case
from cnnkit.bench.twins.in_use import predicting
from cnnkit.bench.twins.torch_boxes import boxes_loss_of
from cnnkit.errors import CheckFailed
from cnnkit.graph import Planned
from cnnkit.kernels.shared.array import Host
from cnnkit.models.detection.darknet.network import Darknet
from cnnkit.models.detection.detector import BoxBatch, Detector
from cnnkit.models.detection.faster_rcnn import FasterRCNN
from cnnkit.models.detection.ssd.network import SSD
from cnnkit.nn import Module

# (network, images, side of an image)
PREDICT = (
    ("yolo_fastest", 1, 320),
    ("yolo_nano", 1, 320),
    ("ssd300_vgg16", 1, 300),
    ("ssd_nano", 1, 320),
    ("faster_rcnn_nano", 1, 320),
    ("yolo_fastest", 32, 320),
    ("ssd300_vgg16", 32, 300),
)
PREDICTS = "heads, predict"
TRAIN = (("yolo_nano", 8, 320), ("ssd_nano", 8, 320), ("faster_rcnn_nano", 8, 320))
# Things on a picture. A rate at which an untrained network's loss falls, and does not burst.
THINGS, LR = 8, 1e-4


def train_cases(*, quick: bool) -> Iterator[Callable[[], Case]]:
    return titled(train_case, LEARNS, () if quick else TRAIN)


def predict_cases(*, quick: bool) -> Iterator[Callable[[], Case]]:
    return titled(predict_case, PREDICTS, () if quick else PREDICT)


@final
class Heads(Module):
    """The numbers that a network's last layers tell, before boxes are made of them; of two stages those of the first.

    They are told apart by kind: a darknet's maps, codes and logits of all default boxes of the others.
    """

    def __init__(self, network: Detector) -> None:
        self.network = network

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        match self.network:
            case Darknet() as network:
                return tuple(numbers for _, numbers in network.maps(x))
            case SSD() as network:
                return network.heads(x)[:2]
            case FasterRCNN() as network:
                return network.rpn(network.body(x))
        raise AssertionError(f"a detector without heads: {self.network}")


def train_case(name: str, N: int, side: int) -> Case:
    """One step of `name` on N images; which box each anchor is to find is part of it, but for two stages."""
    (network, x, truth), title = setting(name, N, side), title_of(name, LEARNS, N, side)
    if isinstance(network, FasterRCNN):
        return stages_case(title, network, x, truth, LR)

    images = Tensor(x)

    def loss() -> Tensor:
        first, *others = network.losses(images, truth).values()
        total: Tensor = sum(others, start=first)
        return total

    theirs = partial(boxes_loss_of, network, x, truth)
    return learning_case(title, Heads(network), x, loss, theirs, lr=LR, learner=network)


def predict_case(name: str, N: int, side: int) -> Case:
    """What the heads tell of N images, by the network made ready for use as `predict` does it."""
    network, x, _ = setting(name, N, side)
    heads = Heads(network).eval()
    ready, images = Planned(heads), Tensor(x)

    def predict() -> tuple[Tensor, ...]:
        with no_grad():
            told: tuple[Tensor, ...] = ready(images)
        return told

    def check() -> None:
        """Made ready or not, the heads tell the same but for rounding."""
        with no_grad():
            wanted = [told.numpy() for told in heads(images)]
        most = 1e-2 if kernels.precision() == "tf32" else 1e-4
        for _ in range(3):  # the third is made without Python
            for found, told in zip(predict(), wanted, strict=True):
                if not np.abs(found.numpy() - told).max() <= most * np.abs(told).max():
                    raise CheckFailed(f"{name}: the network made ready for use tells other numbers.")

    flop = 2.0 * heads.multiply_adds(x.shape)
    rivals = predicting(heads, x, [told.numpy() for told in predict()])
    return Case(title_of(name, PREDICTS, N, side), predict, check, flop, 4.0, rivals)


def setting(name: str, N: int, side: int) -> tuple[Any, Host, BoxBatch]:
    """The network, N seeded images, and true boxes of a tenth to a half of their sides."""
    rng, spec = np.random.default_rng(0), models.spec(name)
    network = resting(name, side, rng)
    x = rng.standard_normal((N, side, side, spec.input[2]), dtype=np.float32)
    sides = rng.uniform(0.1, 0.5, (N, THINGS, 2)) * side
    low = rng.uniform(0, 1, (N, THINGS, 2)) * (side - sides)
    corners = np.concatenate([low, low + sides], axis=-1).astype(np.float32)
    labels = rng.integers(0, spec.classes, (N, THINGS))
    return network, x, BoxBatch(corners, labels, np.zeros(labels.shape, np.bool_))
