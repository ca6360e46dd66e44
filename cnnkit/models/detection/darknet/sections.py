"""The layers of a darknet network, a record for each kind. Fields have darknet's names, and its values by default.

A `.cfg` text is one way to write such a list (`cfg.py`); a file of ours that follows a paper, such as `yolo_v3.py`, is
another.
"""

from dataclasses import dataclass, field
from typing import final

from cnnkit.kernels.shared.scalar import IDENTITY, RELU, RELU6, SIGMOID, SWISH, TANH, leaky

# Activations by darknet's names.
ACTIVATIONS = {
    "linear": IDENTITY,
    "leaky": leaky(0.1),
    "relu": RELU,
    "relu6": RELU6,
    "logistic": SIGMOID,
    "tanh": TANH,
    "swish": SWISH,
}
Pairs = tuple[tuple[float, float], ...]


@dataclass(frozen=True, kw_only=True)
class Section:
    """Abstract: a layer.   line: where it begins in a text; 0 where there is none."""

    line: int = field(default=0, compare=False)

    @property
    def title(self) -> str:
        """Its name between the brackets of a text."""
        return type(self).__name__.lower()


@final
@dataclass(frozen=True, kw_only=True)
class Net(Section):
    """Not a layer, but the image that all begins with; sides in pixels."""

    width: int = 416
    height: int = 416
    channels: int = 3


@final
@dataclass(frozen=True, kw_only=True)
class Convolutional(Section):
    """Filters of size x size over channels / groups; pad stands for size // 2 zeros around, else `padding` counts.

    With batch_normalize a norm follows in place of a bias.
    """

    filters: int = 1
    size: int = 1
    stride: int = 1
    pad: bool = False
    padding: int = 0
    groups: int = 1
    batch_normalize: bool = False
    activation: str = "logistic"

    @property
    def zeros(self) -> int:
        """Rows, and columns, of zeros at each side."""
        return self.size // 2 if self.pad else self.padding


@final
@dataclass(frozen=True, kw_only=True)
class Connected(Section):
    """Each of `output` numbers is a sum over the whole map: a dense layer. What it gives is a map of one pixel."""

    output: int = 1
    activation: str = "logistic"


@final
@dataclass(frozen=True, kw_only=True)
class Local(Section):
    """A convolution with filters of its own at each place. pad: size // 2 zeros around."""

    filters: int = 1
    size: int = 1
    stride: int = 1
    pad: bool = False
    activation: str = "logistic"

    @property
    def zeros(self) -> int:
        """Rows, and columns, of zeros at each side."""
        return self.size // 2 if self.pad else 0


@final
@dataclass(frozen=True, kw_only=True)
class MaxPool(Section):
    """The greatest of size x size pixels. padding: rows and columns around, in all; the smaller half lies before.

    By default size is the stride, and padding size - 1: the image's size stays at stride 1, and rounds up at others.
    """

    stride: int = 1
    size: int = 0
    padding: int = -1

    @property
    def window(self) -> int:
        return self.size or self.stride

    @property
    def sides(self) -> tuple[int, int]:
        """Rows above and below; columns left and right alike."""
        total = self.window - 1 if self.padding < 0 else self.padding
        return total // 2, total - total // 2


@final
@dataclass(frozen=True, kw_only=True)
class Route(Section):
    """The channels of these layers one behind the other, or of each the part `group_id` of `groups` equal ones.

    layers: numbers from 0, or below 0 as seen from here.
    """

    layers: tuple[int, ...] = ()
    groups: int = 1
    group_id: int = 0


@final
@dataclass(frozen=True, kw_only=True)
class Shortcut(Section):
    """The layer before plus layer `source` (`from` in a text), which has the same shape."""

    source: int = -1
    activation: str = "linear"


@final
@dataclass(frozen=True, kw_only=True)
class Upsample(Section):
    """Each pixel `stride` times as high and wide."""

    stride: int = 2


@final
@dataclass(frozen=True, kw_only=True)
class Reorg(Section):
    """stride x stride pixels become channels of one; see `layers.Reorg` for their order."""

    stride: int = 1


@final
@dataclass(frozen=True, kw_only=True)
class Dropout(Section):
    probability: float = 0.5


@dataclass(frozen=True, kw_only=True)
class Head(Section):
    """Abstract: the numbers of a map are boxes, `num` for each place or some of them."""

    num: int = 1
    classes: int = 20

    @property
    def filters(self) -> int:
        """The channels of the map that it reads."""
        raise NotImplementedError


@final
@dataclass(frozen=True, kw_only=True)
class Detection(Head):
    """YOLO v1's: a grid of side x side cells, all in the channels of one pixel; see `grid.py` for their order.

    sqrt: of a box's width and height the square roots are told.   softmax: of a cell's classes exactly one is right.
    rescore: a box's confidence is taught its overlap with the truth, else 1. The scales say how much counts, in
    training: boxes, the confidence of one that answers for a thing, and of others, and classes.
    """

    classes: int = 1
    side: int = 7
    sqrt: bool = False
    softmax: bool = False
    rescore: bool = False
    coord_scale: float = 1.0
    object_scale: float = 1.0
    noobject_scale: float = 1.0
    class_scale: float = 1.0

    @property
    def filters(self) -> int:
        return self.side**2 * (self.classes + 5 * self.num)


@dataclass(frozen=True, kw_only=True)
class AnchorHead(Head):
    """Abstract: each place of the map has a box for each anchor.

    anchors: (width, height) that boxes are told in multiples of.   num: how many anchors there are.
    """

    anchors: Pairs = ()

    @property
    def own_anchors(self) -> Pairs:
        """Those that each place of this map has a box for."""
        return self.anchors

    @property
    def filters(self) -> int:
        """Of each anchor four numbers for a box, one for whether there is any, one for each class."""
        return len(self.own_anchors) * (5 + self.classes)


@final
@dataclass(frozen=True, kw_only=True)
class Yolo(AnchorHead):
    """YOLO v3's. anchors: of all heads, in pixels of the image; mask: which of them are this one's.

    scale_x_y: how far a box's middle reaches beyond its cell, 1 for not at all.   ignore_thresh: in training a box that
    overlaps a true one by more is not told to be none.
    """

    mask: tuple[int, ...] = ()
    scale_x_y: float = 1.0
    ignore_thresh: float = 0.5

    @property
    def own_anchors(self) -> Pairs:
        return tuple(self.anchors[number] for number in self.mask)


@final
@dataclass(frozen=True, kw_only=True)
class Region(AnchorHead):
    """YOLO v2's. anchors: in cells of its map.   softmax: of the classes exactly one is right.

    thresh: in training a box that overlaps a true one by more is not told to be none. rescore and the scales: as in
    `Detection`.
    """

    softmax: bool = False
    thresh: float = 0.5
    rescore: bool = False
    coord_scale: float = 1.0
    object_scale: float = 1.0
    noobject_scale: float = 1.0
    class_scale: float = 1.0


def conv(
    filters: int, size: int, stride: int = 1, *, groups: int = 1, norm: bool = True, activation: str = "leaky"
) -> Convolutional:
    """The layer that nearly all of them consist of: with its norm, and with zeros around that keep the size."""
    return Convolutional(
        filters=filters, size=size, stride=stride, pad=True, groups=groups, batch_normalize=norm, activation=activation
    )


def boxes(head: Head) -> tuple[Section, Section]:
    """A head, with the layer that gives its map."""
    if isinstance(head, Detection):
        return Connected(output=head.filters, activation="linear"), head
    return Convolutional(filters=head.filters, activation="linear"), head
