"""U-Net, Ronneberger, Fischer & Brox 2015, U-Net: Convolutional networks for biomedical image segmentation
(arXiv:1505.04597), figure 1.

Shapes of `unet` at 256x256, and of `unet_unpadded`, the paper's form, at its 572x572:
    down1    256x256x64     568x568x64         merge4   32x32x512         52x52x512
    down2    128x128x128    280x280x128        merge3   64x64x256         100x100x256
    down3    64x64x256      136x136x256        merge2   128x128x128       196x196x128
    down4    32x32x512      64x64x512          merge1   256x256x64        388x388x64
    down5    16x16x1024     28x28x1024         score    256x256xclasses   388x388xclasses
Each `down` and `merge` is two 3x3 convolutions; pools of 2x2 lie before down2 to down5; `up` doubles a map by a 2x2
transposed convolution, and lies, beside the map of its size on the way down, before each `merge`.

Without padding a convolution loses a pixel at each side, so each map on the way down is cropped to its middle, and the
result lacks 92 pixels at each side: each of its pixels has seen nothing but image. With padding the result has the size
of the image, whatever that is.

Width and depth may stand in the name: unet_w16_d3 has 16 channels at first and three halvings. `_bn` puts batch norm
(Ioffe & Szegedy 2015, arXiv:1502.03167) behind every 3x3 convolution: unet_bn, unet_unpadded_bn_w32_d3.

Differs from the paper:
    `unet` pads by a pixel, where the paper has every border mirrored outside of the network;
    a map of odd size is halved upwards, and what is doubled again is cropped to it;
    without padding, sizes that the pools do not divide are filled up with zeros below and to the right.
"""

import re
from functools import partial

import numpy as np

from cnnkit import ops
from cnnkit.autograd import Tensor
from cnnkit.errors import ShapeError
from cnnkit.models.crop import cropped
from cnnkit.models.registry import ModelSpec, family, register
from cnnkit.models.stem import refuse_below
from cnnkit.nn import BatchNorm2d, Conv2d, ConvTranspose2d, Dropout, MaxPool2d, Module, ModuleList, Sequential
from cnnkit.nn.pool import ROUND_UP

PAPER = "Ronneberger et al. 2015, arXiv:1505.04597"
WIDTH, DEPTH = 64, 4


class UNet(Module):
    """Down to what is there, and up again to where it is: figure 1.

    width: channels at the image's own size; each halving doubles them.   depth: halvings.
    """

    def __init__(
        self,
        classes: int,
        in_channels: int,
        *,
        width: int = WIDTH,
        depth: int = DEPTH,
        padded: bool = True,
        norm: bool = False,
        rng: np.random.Generator,
    ) -> None:
        self.padded, self.depth = padded, depth
        widths = [width * 2**level for level in range(depth + 1)]
        self.pool = MaxPool2d(2, 2, ROUND_UP)
        self.down, self.up, self.merge = ModuleList(), ModuleList(), ModuleList()
        for before, channels in zip([in_channels, *widths], widths, strict=False):
            # At the end of the way down pictures are made anew, in a way, by what is dropped. Beside batch norm it
            # does harm: on `--data shapes` 81.7 % mIoU with it, 85.4 % without.
            drop = channels >= widths[-2] and not norm
            self.down.append(_twice(before, channels, padded, norm, drop, rng))
        for below, channels in zip(widths[:0:-1], widths[-2::-1], strict=True):
            self.up.append(ConvTranspose2d(below, channels, 2, stride=2, rng=rng))
            self.merge.append(_twice(below, channels, padded, norm, False, rng))
        self.score = Conv2d(width, classes, 1, rng=rng)

    @property
    def margin(self) -> int:
        """Pixels that the result lacks at each side."""
        return 0 if self.padded else margin(self.depth)

    def forward(self, x: Tensor) -> Tensor:
        size = x.shape[1] - 2 * self.margin, x.shape[2] - 2 * self.margin
        if not self.padded:
            x = filled_up(x, self.depth)
        skips: list[Tensor] = []
        for down in self.down:
            x = down(self.pool(x) if skips else x)
            skips.append(x)
        skips.pop()
        for up, merge in zip(self.up, self.merge, strict=True):
            x = merge(beside(skips.pop(), up(x)))
        return self.score(cropped(x, size))


def beside(skip: Tensor, x: Tensor) -> Tensor:
    """The map of the way down, and behind its channels those of the way up: the larger is cropped to the smaller."""
    return ops.concat([cropped(skip, x.shape[1:3], middle=True), cropped(x, skip.shape[1:3])])


def margin(depth: int) -> int:
    """What unpadded convolutions lose at each side: 2 pixels of each map, which lie 2^level of the image's apart."""
    return 2 * (2 * sum(1 << level for level in range(depth)) + (1 << depth))


def filled_up(x: Tensor, depth: int) -> Tensor:
    """x with rows and columns of zeros, until each pool meets an even number of them."""
    refuse_unpadded(x.shape[1:3], depth)
    rows, columns = (-(side + 4) % (1 << depth) for side in x.shape[1:3])
    return ops.pad(x, ((0, 0), (0, rows), (0, columns), (0, 0))) if rows or columns else x


def refuse_unpadded(size: tuple[int, ...], depth: int) -> None:
    """ShapeError if not a pixel of the result would be left."""
    lost = 2 * margin(depth)
    if min(size) <= lost:
        raise ShapeError(
            f"Its convolutions take {lost} rows and columns away, and leave nothing of {size[0]}x{size[1]}."
        )


def _twice(before: int, channels: int, padded: bool, norm: bool, drop: bool, rng: np.random.Generator) -> Sequential:
    layers: dict[str, Module] = {}
    for number in (1, 2):
        activation = "identity" if norm else "relu"
        conv = Conv2d(before, channels, 3, padding=int(padded), bias=not norm, activation=activation, rng=rng)
        layers[f"conv{number}"] = conv
        if norm:
            layers[f"norm{number}"] = BatchNorm2d(channels, activation="relu")
        before = channels
    if drop:
        layers["drop"] = Dropout(0.5, seed=int(rng.integers(2**32)))
    return Sequential(layers)


def _unet(
    width: int,
    depth: int,
    padded: bool,
    norm: bool,
    *,
    classes: int,
    in_channels: int,
    image_size: tuple[int, int],
    rng: np.random.Generator,
) -> Module:
    if padded:
        refuse_below(2**depth, image_size)
    else:
        refuse_unpadded(image_size, depth)
    return UNet(classes, in_channels, width=width, depth=depth, padded=padded, norm=norm, rng=rng)


def _spec(
    name: str, unpadded: bool, norm: bool = False, width: int | None = None, depth: int | None = None
) -> ModelSpec:
    build = partial(_unet, width or WIDTH, depth or DEPTH, not unpadded, norm)
    sizes = f", {width or WIDTH} channels wide and {depth or DEPTH} halvings deep" if width or depth else ""
    how = ", without padding" * unpadded + ", with batch norm" * norm
    side = 572 if unpadded else 256
    summary = f"Down to what is there and up again to where it is{how}{sizes}."
    return ModelSpec(name, (side, side, 1), PAPER, summary, build, classes=2, kind="segmentation")


@family(r"unet(_unpadded)?(_bn)?(?:_w([1-9]\d{0,3}))?(?:_d([1-7]))?")
def any_size(name: str, match: re.Match[str]) -> ModelSpec:
    """unet_w16_d3 has 16 channels at first and three halvings."""
    unpadded, norm, width, depth = match.groups()
    return _spec(name, bool(unpadded), bool(norm), int(width) if width else None, int(depth) if depth else None)


_told = _spec("unet", False)
register(_told.name, input=_told.input, paper=PAPER, summary=_told.summary, classes=2, kind="segmentation")(_told.build)
