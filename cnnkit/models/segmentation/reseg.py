"""ReSeg, Visin et al. 2016, ReSeg: a recurrent neural network-based model for semantic segmentation (arXiv:1511.07053),
section 3 and figure 2.

Shapes at 360x480:
    backbone (VGG16): conv1 360x480x64 -> pool1 180x240 -> conv2 128 -> pool2 90x120 -> conv3_3 90x120x256
    -> renet1 90x120x200 -> renet2 90x120x200 -> up1 180x240x50 -> up2 360x480x50 -> score 360x480xclasses
A ReNet layer is two pairs of gated recurrent units (GRU), 100 units each: down and up along each column, then right and
left along each row of what those have seen. Behind the first, each place knows the whole image; the convolutions before
see what is near. Each `up` doubles the map by a transposed convolution, 2x2 with stride 2.
The width of a name multiplies all channels and units: reseg_x0_25. `_bn` stands for vgg16_bn, and a MobileNet v1 may
stand for the VGG16, with a third doubling: reseg_bn_x0_25, reseg_mobilenet_v1_x0_25.

Differs from the paper:
    GRUs have torch's formulas and biases (`ops.gru`): the reset gate meets the product, not the state, and the
    recurrent products have a bias of their own, 300 numbers a direction;
    recurrent weights begin orthogonal, input weights as Glorot's;
    an image whose sides are no multiples of the trunk's stride is filled up with zeros, and its logits are cropped.
"""

import re
from functools import partial

import numpy as np

from cnnkit import ops
from cnnkit.autograd import Tensor
from cnnkit.models.crop import cropped
from cnnkit.models.registry import ModelSpec, family, register
from cnnkit.models.stem import refuse_below
from cnnkit.models.trunk import trunk
from cnnkit.models.width import IN_A_NAME, told, width_in
from cnnkit.nn import Conv2d, ConvTranspose2d, Module, ReNet, Sequential

UNITS, FILTERS, LAYERS = 100, 50, 2
# The last layer of each trunk, by the beginning of its name.
LAST = {"vgg16_bn": "norm3_3", "vgg16": "conv3_3", "mobilenet_v1": "block5"}


class ReSeg(Module):
    """A trunk's map, swept over by ReNet layers, doubled until it has the size of the image, and scored.

    classifier: the one whose first layers are the trunk.   units: of each GRU.   layers: ReNets.
    filters: of each doubling.
    """

    def __init__(
        self,
        classifier: str,
        classes: int,
        in_channels: int,
        *,
        units: int = UNITS,
        filters: int = FILTERS,
        layers: int = LAYERS,
        rng: np.random.Generator,
    ) -> None:
        self.last = next(last for name, last in LAST.items() if classifier.startswith(name))
        self.backbone = trunk(classifier, (self.last,), in_channels=in_channels, rng=rng)
        channels, self.stride = self.backbone.channels[self.last], self.backbone.strides[self.last]
        self.renet = Sequential(
            {str(n): ReNet(2 * units if n > 1 else channels, units, rng=rng) for n in range(1, layers + 1)}
        )
        self.up = Sequential(
            {
                str(n): ConvTranspose2d(
                    filters if n > 1 else 2 * units, filters, 2, stride=2, activation="relu", rng=rng
                )
                for n in range(1, self.stride.bit_length())
            }
        )
        self.score = Conv2d(filters, classes, 1, rng=rng)

    def forward(self, x: Tensor) -> Tensor:
        _, H, W, _ = x.shape
        whole = ops.pad(x, [(0, 0), (0, -H % self.stride), (0, -W % self.stride), (0, 0)])
        swept = self.renet(self.backbone(whole)[self.last])
        return cropped(self.score(self.up(swept)), (H, W))


def _reseg(
    classifier: str, *, classes: int, in_channels: int, image_size: tuple[int, int], rng: np.random.Generator
) -> Module:
    refuse_below(8 if classifier.startswith("mobilenet") else 4, image_size)
    width = width_in(classifier)
    units, filters = (max(1, round(full * width)) for full in (UNITS, FILTERS))
    return ReSeg(classifier, classes, in_channels, units=units, filters=filters, rng=rng)


def _spec(name: str, classifier: str) -> ModelSpec:
    first = "MobileNet v1" if classifier.startswith("mobilenet") else "VGG16"
    summary = f"The first layers of {first}, then recurrent sweeps in four directions{told(width_in(name))}"
    paper = "Visin et al. 2016, arXiv:1511.07053"
    return ModelSpec(name, (360, 480, 3), paper, summary, partial(_reseg, classifier), classes=11, kind="segmentation")


@family(f"reseg(_bn|_mobilenet_v1)?(?:{IN_A_NAME})?")
def any_width(name: str, match: re.Match[str]) -> ModelSpec:
    """reseg_bn_x0_25 stands on vgg16_bn_x0_25, reseg_mobilenet_v1 on mobilenet_v1."""
    if match[1] == "_mobilenet_v1":
        return _spec(name, name.removeprefix("reseg_"))
    return _spec(name, name.replace("reseg", "vgg16"))


_told = _spec("reseg", "vgg16")
register("reseg", input=_told.input, paper=_told.paper, summary=_told.summary, classes=11, kind="segmentation")(
    _told.build
)
