"""Networks in two stages in torch, learning: RoIAlign is torchvision's, of regions that are given."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np

from cnnkit.autograd import Tensor
from cnnkit.bench.rivals.known import tensor
from cnnkit.bench.twins.torch_twin import Learned, TorchTwin
from cnnkit.kernels.shared.array import Host
from cnnkit.models.detection.faster_rcnn import FasterRCNN
from cnnkit.models.detection.two_stage import LevelAlign, RegionHead
from cnnkit.models.detection.two_stage.regions import UNTAUGHT, Lesson
from cnnkit.models.detection.two_stage.rpn import AnchorLesson
from cnnkit.nn import Flatten, Linear, Module, Parameter


class StagesTwin:
    """Computes what both stages tell: as `TorchTwin`, but of two networks and of what lies between.

    rois: (R, 5), of image -1 where there is none.
    """

    def __init__(self, network: FasterRCNN, rois: Host, x: Host, channels_last: bool = False) -> None:

        pool = network.head.pool
        assert isinstance(pool, LevelAlign)
        channels = network.rpn.conv.weight.shape[2]
        self._pooled, self._sampling = (len(rois), channels, pool.size, pool.size), pool.sampling
        self._first = TorchTwin(_First(network), x, channels_last)
        self._second = TorchTwin(_Second(network.head), np.zeros((len(rois), channels * pool.size**2), np.float32))
        levels = [level.numpy()[:, 0] != 0 for level in pool.levels(Tensor(rois))]
        own = [np.flatnonzero(level & (rois[:, 0] >= 0)) for level in levels]
        self._levels = [
            (tensor(places), tensor(rois[places]), 1 / stride) for places, stride in zip(own, pool.strides, strict=True)
        ]

    def parameters(self) -> list[Any]:
        return self._first.parameters() + self._second.parameters()

    def results(self, images: Any) -> list[Any]:
        """Objectness and codes of all anchors, class logits and codes of the regions."""
        from torchvision.ops import roi_align

        *maps, logits, codes = self._first.results(images)
        regions = maps[0].new_zeros(self._pooled)
        for x, (places, rois, scale) in zip(maps, self._levels, strict=False):
            regions[places] = roi_align(x, rois, self._pooled[2:], scale, self._sampling, False)
        return [logits, codes, *self._second.results(regions.flatten(1))]


class _First(Module):
    """Images -> their maps, and what the first stage tells of them."""

    def __init__(self, network: FasterRCNN) -> None:
        self.body, self.rpn = network.body, network.rpn

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        maps = self.body(x)
        return (*maps, *self.rpn(maps))


class _Second(Module):
    """Pixels of regions (R, C·h·w), in the order in which torch lays them -> what the second stage tells."""

    def __init__(self, head: RegionHead) -> None:
        self.layers = copy.deepcopy(head)
        flatten, first, *self.others = self.layers.look.children()
        assert isinstance(flatten, Flatten) and isinstance(first, Linear) and isinstance(head.pool, LevelAlign)
        side, (inputs, outputs) = head.pool.size, first.weight.shape
        pixels = first.weight.numpy().reshape(side, side, inputs // side**2, outputs)
        first.weight = Parameter(pixels.transpose(2, 0, 1, 3).reshape(inputs, outputs))
        self.first = first

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        seen = self.first(x)
        for layer in self.others:
            seen = layer(seen)
        return self.layers.told(seen)


def stages_loss_of(network: FasterRCNN, first: AnchorLesson, second: Lesson) -> Learned:
    """The sum of the network's losses of these lessons, as torchvision has them."""
    from torch.nn import functional

    holds, shown = tensor(first.holds), tensor(first.holds | first.ground)
    thing, wanted, drawn = holds[shown].float(), tensor(first.codes)[holds], int(shown.sum())
    labels = tensor(second.labels)
    own = (labels > 0).nonzero()[:, 0]
    moved, taught = tensor(second.codes)[own], int((labels != UNTAUGHT).sum())
    beta, beta_of_regions = network.rpn.beta, network.head.beta

    def learned(told: Sequence[Any]) -> Any:
        objectness, codes, logits, moves = told
        proposal = functional.smooth_l1_loss(codes[holds], wanted, reduction="sum", beta=beta)
        thing_loss = functional.binary_cross_entropy_with_logits(objectness[..., 0][shown], thing, reduction="sum")
        label = functional.cross_entropy(logits, labels, ignore_index=UNTAUGHT, reduction="sum")
        box = functional.smooth_l1_loss(moves[own, labels[own]], moved, reduction="sum", beta=beta_of_regions)
        return (proposal + thing_loss) / drawn + (label + box) / taught

    return learned
