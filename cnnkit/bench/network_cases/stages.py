"""Networks that find boxes in two stages, learning.

Which anchors and which regions teach is drawn once, and both sides are given it: a proposal less, for rounding, would
be another draw. What is left out so, the choice among proposals, `box_cases` measures by itself.
"""

from __future__ import annotations

from functools import partial
from typing import final

from cnnkit.autograd import Tensor, no_grad
from cnnkit.bench.cases import Case
from cnnkit.bench.network_cases.learning import learning_case
from cnnkit.bench.twins.torch_regions import StagesTwin, stages_loss_of
from cnnkit.kernels.shared.array import Host
from cnnkit.models.detection.detector import BoxBatch
from cnnkit.models.detection.faster_rcnn import FasterRCNN
from cnnkit.models.detection.two_stage.regions import Lesson
from cnnkit.models.detection.two_stage.rpn import AnchorLesson
from cnnkit.nn import Module


@final
class Stages(Module):
    """What both stages tell: objectness and codes of all anchors, class logits and codes of the regions `rois`."""

    def __init__(self, network: FasterRCNN, rois: Host) -> None:
        self.network, self.rois = network, rois

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        maps = self.network.body(x)
        return (*self.network.rpn(maps), *self.network.head(maps, Tensor(self.rois)))


def stages_case(title: str, network: FasterRCNN, x: Host, truth: BoxBatch, lr: float) -> Case:
    """One step on the images x."""
    first, second = _drawn(network, x, truth)
    stages, images = Stages(network, second.rois), Tensor(x)

    def loss() -> Tensor:
        objectness, codes, logits, moves = stages(images)
        thing, proposal = network.rpn.learned(objectness, codes, first)
        label, box = network.head.learned(logits, moves, second)
        return thing + proposal + label + box

    theirs, twin = partial(stages_loss_of, network, first, second), partial(StagesTwin, network, second.rois)
    return learning_case(title, stages, x, loss, theirs, lr=lr, twin=twin)


def _drawn(network: FasterRCNN, x: Host, truth: BoxBatch) -> tuple[AnchorLesson, Lesson]:
    """What a first step would draw."""
    size = x.shape[1], x.shape[2]
    with no_grad():
        maps = network.body(Tensor(x))
        proposals = network.rpn.proposed(maps, *network.rpn(maps), size)
        return network.rpn.lesson(maps, size, truth), network.head.lesson(proposals, truth)
