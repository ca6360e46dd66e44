"""Every map's shape, and what each layer reads: known from the records alone, before any memory is taken."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from cnnkit.models.detection.darknet.sections import (
    AnchorHead,
    Connected,
    Convolutional,
    Head,
    Local,
    MaxPool,
    Net,
    Reorg,
    Route,
    Section,
    Shortcut,
    Upsample,
    Yolo,
)

Map = tuple[int, int, int]
IMAGE = -1
# The largest published network, YOLO v1's, has 272 million parameters; one image leaves 0.2 billion numbers at most.
MOST_PARAMETERS = 2**29
MOST_FLOATS = 2**31


@final
@dataclass(frozen=True)
class Step:
    """A layer in its place. sources: the numbers of the layers that it reads, IMAGE for the image.

    reads: the shape of each, (height, width, channels).   gives: that of its own map; of a head, of the map it reads.
    """

    layer: Section
    sources: tuple[int, ...]
    reads: tuple[Map, ...]
    gives: Map

    @property
    def parameters(self) -> int:
        """How many numbers a `.weights` file has for it."""
        match self.layer:
            case Convolutional(filters=filters, batch_normalize=norm):
                return filters * (1 + 3 * norm) + math.prod(self.filters)
            case Connected(output=output):
                return output * (1 + math.prod(self.reads[0]))
            case Local():
                return math.prod(self.gives) + math.prod(self.gives[:2]) * math.prod(self.filters)
        return 0

    @property
    def filters(self) -> tuple[int, int, int, int]:
        """(O, C / groups, KH, KW) of a convolution, and of each place of a local one."""
        layer, channels = self.layer, self.reads[0][2]
        assert isinstance(layer, Convolutional | Local)
        groups = layer.groups if isinstance(layer, Convolutional) else 1
        return layer.filters, channels // groups, layer.size, layer.size


def planned(net: Net, layers: Sequence[Section]) -> tuple[Step, ...]:
    """The steps of a network.

    Raises:
        ValueError: what a layer reads is not there, or does not fit; the message has the layer and its line.
    """
    steps: list[Step] = []
    image = (net.height, net.width, net.channels)
    parameters = floats = 0
    for number, layer in enumerate(layers):
        try:
            sources = _sources(layer, number)
            for source in sources:
                if source != IMAGE and isinstance(layers[source], Head):
                    raise ValueError(f"it reads layer {source}, whose numbers are boxes")
            reads = tuple(image if source == IMAGE else steps[source].gives for source in sources)
            step = Step(layer, sources, reads, _gives(layer, reads))
            parameters, floats = parameters + step.parameters, floats + math.prod(step.gives)
            if min(step.gives) < 1:
                raise ValueError(f"nothing is left of its map: {_told(reads[0])} becomes {_told(step.gives)}")
            if parameters > MOST_PARAMETERS or floats > MOST_FLOATS:
                raise ValueError(f"up to here there are {parameters:,} parameters, and {floats:,} numbers for an image")
        except ValueError as error:
            where = f"line {layer.line}: " if layer.line else ""
            raise ValueError(f"{where}layer {number}, [{layer.title}]: {error}") from None
        steps.append(step)
    heads = [layer for layer in layers if isinstance(layer, Head)]
    if not heads:
        raise ValueError("it has no [yolo], no [region] and no [detection], so it finds no boxes")
    if len(kinds := list(dict.fromkeys(head.title for head in heads))) > 1:
        raise ValueError(f"its heads are [{'] and ['.join(kinds)}], expected one kind: each has a loss of its own")
    if len({head.classes for head in heads}) > 1:
        raise ValueError(
            f"its heads have {' and '.join(str(head.classes) for head in heads)} classes, expected the same"
        )
    return tuple(steps)


def _sources(layer: Section, number: int) -> tuple[int, ...]:
    before = number - 1
    match layer:
        case Route(layers=named):
            if not named:
                raise ValueError("it names no layers")
            return tuple(_place(one, number) for one in named)
        case Shortcut(source=source):
            return before, _place(source, number)
    return (before,)


def _place(layer: int, number: int) -> int:
    """The number of a layer that is told from 0, or from here."""
    place = layer if layer >= 0 else number + layer
    if not 0 <= place < number:
        raise ValueError(f"it reads layer {layer}, expected one before it")
    return place


def _gives(layer: Section, reads: tuple[Map, ...]) -> Map:
    H, W, C = reads[0]
    match layer:
        case Convolutional():
            if C % layer.groups or layer.filters % layer.groups:
                raise ValueError(
                    f"{C} channels and {layer.filters} filters, expected multiples of groups={layer.groups}"
                )
            return _convolved(reads[0], layer)
        case Local():
            return _convolved(reads[0], layer)
        case Connected(output=output):
            return 1, 1, output
        case MaxPool():
            before, behind = layer.sides
            if behind >= layer.window:
                raise ValueError(f"padding of {before + behind} around a window of {layer.window}, expected less")
            return *(_slid(side + before + behind, layer.window, layer.stride) for side in (H, W)), C  # type: ignore[return-value]
        case Route():
            if len({(h, w) for h, w, _ in reads}) > 1:
                raise ValueError(f"it joins maps of {' and '.join(map(_told, reads))}, expected one height and width")
            if layer.group_id >= layer.groups or any(c % layer.groups for _, _, c in reads):
                raise ValueError(f"part {layer.group_id} of {layer.groups} of {' and '.join(map(_told, reads))}")
            return H, W, sum(c // layer.groups for _, _, c in reads)
        case Shortcut():
            if reads[0] != reads[1]:
                raise ValueError(f"it adds maps of {' and '.join(map(_told, reads))}, expected one shape")
        case Upsample(stride=stride):
            return H * stride, W * stride, C
        case Reorg(stride=stride):
            if H % stride or W % stride or C % stride**2:
                raise ValueError(
                    f"a map of {_told(reads[0])}, expected sides of multiples of {stride}, channels of its square"
                )
            return H // stride, W // stride, C * stride**2
        case AnchorHead():
            if len(layer.anchors) != layer.num:
                raise ValueError(f"num={layer.num}, but {len(layer.anchors)} anchors")
            if isinstance(layer, Yolo) and not (layer.mask and all(number < layer.num for number in layer.mask)):
                raise ValueError(f"mask={layer.mask}, expected numbers of its {layer.num} anchors")
            if layer.filters != C:
                raise ValueError(f"it reads {C} channels, expected {layer.filters}: for each anchor 5 and its classes")
        case Head():
            if (1, 1, layer.filters) != reads[0]:
                raise ValueError(
                    f"it reads a map of {_told(reads[0])}, expected 1x1x{layer.filters}: for each cell its classes, "
                    "and 5 for each of its boxes"
                )
    return reads[0]


def _convolved(read: Map, layer: Convolutional | Local) -> Map:
    H, W = (_slid(side + 2 * layer.zeros, layer.size, layer.stride) for side in read[:2])
    return H, W, layer.filters


def _slid(side: int, size: int, stride: int) -> int:
    return (side - size) // stride + 1


def _told(shape: Map) -> str:
    return "x".join(map(str, shape))
