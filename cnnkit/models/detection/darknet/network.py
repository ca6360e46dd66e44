"""A list of layers as a network that finds boxes."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, final

import numpy as np

from cnnkit import ops
from cnnkit.autograd import Tensor
from cnnkit.errors import DataError
from cnnkit.models.detection.darknet import layers as own
from cnnkit.models.detection.darknet.cfg import read_cfg
from cnnkit.models.detection.darknet.grid import GridHead, grid_losses
from cnnkit.models.detection.darknet.head import BoxHead
from cnnkit.models.detection.darknet.loss import yolo_losses
from cnnkit.models.detection.darknet.plan import IMAGE, Step, planned
from cnnkit.models.detection.darknet.region import RegionHead, region_losses
from cnnkit.models.detection.darknet.sections import (
    ACTIVATIONS,
    Connected,
    Convolutional,
    Detection,
    Dropout,
    Head,
    Local,
    MaxPool,
    Net,
    Region,
    Reorg,
    Route,
    Section,
    Shortcut,
    Upsample,
    Yolo,
)
from cnnkit.models.detection.darknet.weights import read_weights
from cnnkit.models.detection.detector import BoxBatch, Detector
from cnnkit.nn import Conv2d, ConvNorm, MaxPool2d, Module, ModuleList, Parameter, Resize
from cnnkit.nn import Dropout as DropoutLayer
from cnnkit.nn.init import without_values
from cnnkit.nn.module import asked
from cnnkit.nn.parts.freeze import WithHeads


@final
class Darknet(Detector, WithHeads):
    """(N, height, width, channels) -> boxes (N, P, 6). Layer i of the list is `layers.i`.

    Raises:
        ValueError: layers do not fit each other.
    """

    def __init__(self, net: Net, sections: Sequence[Section], *, rng: np.random.Generator) -> None:
        self.steps = planned(net, sections)
        self.layers = ModuleList(*(_layer(step, net, rng) for step in self.steps))
        for step, layer in zip(self.steps, self.layers, strict=True):
            if isinstance(layer, BoxHead) and isinstance(source := self._layer(step.sources[0]), Conv2d):
                source.bias = Parameter(layer.first_bias())
        self.any_size = not any(isinstance(step.layer, Connected | Local) for step in self.steps)
        # After which layer a map is read for the last time.
        self.last_read = {source: number for number, step in enumerate(self.steps) for source in step.sources}

    def _layer(self, number: int) -> Module | None:
        return None if number == IMAGE else list(self.layers)[number]

    def heads(self) -> list[Module]:
        """The layers that give the numbers of the boxes."""
        pairs = zip(self.steps, self.layers, strict=True)
        found = [self._layer(step.sources[0]) for step, layer in pairs if isinstance(layer, BoxHead | GridHead)]
        return [layer for layer in found if layer is not None]

    @asked
    def maps(self, x: Tensor) -> list[tuple[Any, Tensor]]:
        """Each head, with the numbers that it reads; all are of one kind."""
        found: list[tuple[Module, Tensor]] = []
        maps = {IMAGE: x}
        for number, (layer, step) in enumerate(zip(self.layers, self.steps, strict=True)):
            reads = [maps[source] for source in step.sources]
            if isinstance(layer, BoxHead | GridHead):
                found.append((layer, reads[0]))
            else:
                maps[number] = layer(*reads)
            for source in step.sources:
                if self.last_read[source] == number:
                    maps.pop(source, None)
        return found

    def forward(self, x: Tensor) -> Tensor:
        boxes, scores = self.candidates(x)
        return ops.select(boxes, scores, score=self.score, iou=self.iou, places=self.places)

    def losses(self, x: Tensor, targets: BoxBatch) -> dict[str, Tensor]:
        found = self.maps(x)
        return _LOSSES[type(found[0][0])](found, (x.shape[1], x.shape[2]), targets)

    def candidates(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Every box (N, A, 4) of every head in pixels, and its scores (N, A, K), before any is dropped."""
        boxes, scores = zip(*(head(numbers) for head, numbers in self.maps(x)), strict=True)
        return ops.concat(boxes, axis=1), ops.concat(scores, axis=1)


# By the kind of its heads: each paper has its own.
_LOSSES: dict[type[Module], Callable[..., dict[str, Tensor]]] = {
    BoxHead: yolo_losses,
    RegionHead: region_losses,
    GridHead: grid_losses,
}


def from_files(cfg: Path, weights: Path | None = None, rng: np.random.Generator | None = None) -> Darknet:
    """The network of a `.cfg` file, with the numbers of a `.weights` file.

    Raises:
        DataError: the cfg cannot be read, or its layers do not fit each other; it names the line.
        CheckpointError: the weights are not those of the cfg.
    """
    net, sections = read_cfg(cfg)
    try:
        steps = planned(net, sections)
    except ValueError as error:
        raise DataError(f"{cfg} is no network that cnnkit can build: {error}.") from error
    if weights is None:
        return Darknet(net, sections, rng=rng or np.random.default_rng(0))
    state = read_weights(weights, steps)
    with without_values():
        network = Darknet(net, sections, rng=np.random.default_rng(0))
    network.load_state_dict(state)
    return network


def _layer(step: Step, net: Net, rng: np.random.Generator) -> Module:
    match step.layer:
        case Convolutional() as layer:
            return _convolution(layer, step.reads[0][2], rng)
        case Connected() as layer:
            features, activation = math.prod(step.reads[0]), ACTIVATIONS[layer.activation]
            return own.Connected(features, layer.output, activation=activation, rng=rng)
        case Local() as layer:
            return own.Local(
                step.reads[0][2],
                layer.filters,
                layer.size,
                step.gives[:2],
                stride=layer.stride,
                padding=layer.zeros,
                activation=ACTIVATIONS[layer.activation],
                rng=rng,
            )
        case MaxPool() as layer:
            return MaxPool2d(layer.window, layer.stride, (layer.sides, layer.sides))
        case Route() as layer:
            return own.Route(layer.groups, layer.group_id)
        case Shortcut() as layer:
            return own.Shortcut(ACTIVATIONS[layer.activation])
        case Upsample() as layer:
            return Resize(scale=layer.stride, mode="nearest")
        case Reorg() as layer:
            return own.Reorg(layer.stride)
        case Dropout() as layer:
            return DropoutLayer(layer.probability, seed=int(rng.integers(2**32)))
        case Head() as layer:
            return _head(layer, step, net)
    raise AssertionError(f"a layer without a module: {step.layer}")


def _convolution(layer: Convolutional, in_channels: int, rng: np.random.Generator) -> Module:
    size, stride, zeros = layer.size, layer.stride, layer.zeros
    activation = ACTIVATIONS[layer.activation]
    if layer.batch_normalize:
        return ConvNorm(
            in_channels,
            layer.filters,
            size,
            stride=stride,
            padding=zeros,
            groups=layer.groups,
            activation=activation,
            rng=rng,
        )
    return Conv2d(
        in_channels,
        layer.filters,
        size,
        stride=stride,
        padding=zeros,
        groups=layer.groups,
        activation=activation,
        rng=rng,
    )


def _head(layer: Head, step: Step, net: Net) -> Module:
    GH, GW, _ = step.reads[0]
    stride = height, width = net.height / GH, net.width / GW
    match layer:
        case Yolo():
            return BoxHead(layer.own_anchors, layer.classes, stride, beyond=layer.scale_x_y, ignore=layer.ignore_thresh)
        case Region():
            return RegionHead(layer, tuple((across * width, down * height) for across, down in layer.anchors), stride)
        case Detection():
            return GridHead(layer, (net.height, net.width))
    raise AssertionError(f"a head without a module: {layer}")
