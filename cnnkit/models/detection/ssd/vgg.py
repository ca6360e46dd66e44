"""SSD on VGG16, Liu, Anguelov, Erhan, Szegedy, Reed, Fu & Berg 2016 (arXiv:1512.02325), figure 2.

Shapes of `ssd300_vgg16` at 300x300; those marked * are looked at:
    VGG16 up to conv4_3 38x38x512* -> conv5_3 19x19x512 -> fc6 19x19x1024 -> fc7 19x19x1024* -> conv8_2 10x10x512*
    -> conv9_2 5x5x256* -> conv10_2 3x3x256* -> conv11_2 1x1x256*
    at each a 3x3 convolution for codes and one for classes, 4 or 6 default boxes a place: 8732 boxes
Shapes of `ssd512_vgg16` at 512x512 (section 3.1, footnote):
    conv4_3 64x64x512* -> conv5_3 32x32x512 -> fc6, fc7 32x32x1024* -> conv8_2 16x16x512* -> conv9_2 8x8x256*
    -> conv10_2 4x4x256* -> conv11_2 2x2x256* -> conv12_2 1x1x256*: 24564 boxes
fc6 and fc7 are dense layers of VGG16 as convolutions, thinned out, fc6 with dilation 6; pool5 keeps the size. What
conv4_3 gives is brought to length 20 at each place, a number that is learned for each channel.

A width may stand in a name: ssd300_vgg16_x0_25 has a quarter of the channels; `_bn` before it stands for vgg16_bn.

Differs from the paper's figures for VOC: default boxes have the scales of section 3.4, for COCO, as torchvision's do.
Differs from both: an image of another size has its boxes at the middles of its places, and no maps for which it is too
small.
"""

import re
from functools import partial
from typing import NamedTuple, final

import numpy as np

from cnnkit import ops
from cnnkit.autograd import Tensor
from cnnkit.models.detection.parts import DefaultBoxes
from cnnkit.models.detection.ssd.network import PAPER, SSD, Maps
from cnnkit.models.registry import ModelSpec, family, register
from cnnkit.models.stem import refuse_below
from cnnkit.models.trunk import trunk
from cnnkit.models.width import IN_A_NAME, told, width_in
from cnnkit.nn import Conv2d, MaxPool2d, Module, ModuleList, Parameter, Sequential
from cnnkit.nn.pool import ROUND_UP

LENGTH = 20


class Extra(NamedTuple):
    """Behind fc7: `narrow` channels by 1x1 filters, then `wide` ones by filters of `kernel` x `kernel`."""

    narrow: int
    wide: int
    kernel: int = 3
    stride: int = 2
    padding: int = 1


@final
class Plan(NamedTuple):
    """One of the paper's two networks.   side: of its images.   extras: conv8, conv9, and so on."""

    side: int
    extras: tuple[Extra, ...]
    boxes: DefaultBoxes


PLANS = {
    "300": Plan(
        300,
        (Extra(256, 512), Extra(128, 256), *[Extra(128, 256, stride=1, padding=0)] * 2),
        DefaultBoxes(
            ratios=((2,), (2, 3), (2, 3), (2, 3), (2,), (2,)),
            scales=(0.07, 0.15, 0.33, 0.51, 0.69, 0.87, 1.05),
            steps=(8, 16, 32, 64, 100, 300),
        ),
    ),
    "512": Plan(
        512,
        (Extra(256, 512), *[Extra(128, 256)] * 3, Extra(128, 256, kernel=4, stride=1)),
        DefaultBoxes(
            ratios=((2,), (2, 3), (2, 3), (2, 3), (2, 3), (2,), (2,)),
            scales=(0.04, 0.1, 0.26, 0.42, 0.58, 0.74, 0.9, 1.06),
            steps=(8, 16, 32, 64, 128, 256, 512),
        ),
    ),
}


class VGGMaps(Maps):
    """VGG16's conv4_3, fc7 and what follows: the maps of figure 2 that are looked at."""

    def __init__(
        self,
        vgg: str,
        extras: tuple[Extra, ...],
        in_channels: int,
        image_size: tuple[int, int],
        rng: np.random.Generator,
    ) -> None:
        width, last = width_in(vgg), "norm" if "_bn" in vgg else "conv"
        self.taps = f"{last}4_3", f"{last}5_3"
        self.backbone = trunk(vgg, self.taps, in_channels=in_channels, rng=rng)
        pool = dict(self.backbone.named_children())["pool3"]
        assert isinstance(pool, MaxPool2d)
        pool.padding = ROUND_UP
        before, behind = (self.backbone.channels[tap] for tap in self.taps)
        thin = max(1, round(1024 * width))
        self.length4_3 = Length(before)
        self.pool5 = MaxPool2d(3, 1, 1)
        self.fc6 = Conv2d(behind, thin, 3, padding=6, dilation=6, activation="relu", rng=rng)
        self.fc7 = Conv2d(thin, thin, 1, activation="relu", rng=rng)
        self.channels = [before, thin]
        self.extras = ModuleList(*self._extras(extras, width, image_size, rng))

    def _extras(
        self, extras: tuple[Extra, ...], width: float, image_size: tuple[int, int], rng: np.random.Generator
    ) -> list[Module]:
        """As many of them as leave something of such an image."""
        height, across = ((side // 4 + 1) // 2 // 2 for side in image_size)
        found: list[Module] = []
        for narrow, wide, kernel, stride, padding in extras:
            height, across = ((side + 2 * padding - kernel) // stride + 1 for side in (height, across))
            if min(height, across) < 1:
                break
            thin, channels = (max(1, round(width * count)) for count in (narrow, wide))
            squeeze = Conv2d(self.channels[-1], thin, 1, activation="relu", rng=rng)
            grow = Conv2d(thin, channels, kernel, stride=stride, padding=padding, activation="relu", rng=rng)
            found.append(Sequential(squeeze, grow))
            self.channels.append(channels)
        return found

    def forward(self, x: Tensor) -> list[Tensor]:
        fine, coarse = (self.backbone(x)[tap] for tap in self.taps)
        maps = [self.length4_3(fine), self.fc7(self.fc6(self.pool5(coarse)))]
        for extra in self.extras.children():
            maps.append(extra(maps[-1]))
        return maps


class Length(Module):
    """Each place of a map is brought to one length, of 20 at first, which is learned for each channel.

    Source: Liu et al. 2015, ParseNet (arXiv:1506.04579), section 3.3.
    """

    def __init__(self, channels: int) -> None:
        self.weight = Parameter(np.full(channels, LENGTH, np.float32))

    def forward(self, x: Tensor) -> Tensor:
        square = ops.sum(ops.multiply(x, x), -1, keepdims=True)
        # Where no channel has anything a root of 0 would have an infinite slope.
        return ops.multiply(ops.divide(x, ops.sqrt(ops.add(square, 1e-12))), self.weight)

    def output_shape(self, x_shape: tuple[int, ...]) -> tuple[int, ...]:
        return x_shape


def _build(
    vgg: str, plan: Plan, *, classes: int, in_channels: int, image_size: tuple[int, int], rng: np.random.Generator
) -> Module:
    refuse_below(32, image_size)
    body = VGGMaps(vgg, plan.extras, in_channels, image_size, rng)
    count, own = len(body.channels), image_size == (plan.side, plan.side)
    ratios, scales, steps = plan.boxes.ratios[:count], plan.boxes.scales[: count + 1], plan.boxes.steps
    return SSD(body, DefaultBoxes(ratios, scales, steps if own else None), classes, rng)


def _spec(name: str, side: str) -> ModelSpec:
    plan, vgg = PLANS[side], name.removeprefix(f"ssd{side}_")
    maps = len(plan.boxes.ratios)
    summary = f"VGG16 and convolutions behind it: boxes told at {maps} sizes of map" + told(width_in(name))
    how = partial(_build, vgg, plan)
    return ModelSpec(name, (plan.side, plan.side, 3), PAPER, summary, how, classes=20, kind="detection")


@family(f"ssd(300|512)_vgg16(_bn)?(?:{IN_A_NAME})?")
def any_vgg(name: str, match: re.Match[str]) -> ModelSpec:
    """ssd300_vgg16_x0_25 has a quarter of the channels, ssd300_vgg16_bn stands on vgg16_bn."""
    return _spec(name, match[1])


for _side in PLANS:
    _told = _spec(f"ssd{_side}_vgg16", _side)
    register(_told.name, input=_told.input, paper=PAPER, summary=_told.summary, classes=20, kind="detection")(
        _told.build
    )
