"""FCN and U-Net in torch, written from their papers; names of parts are ours."""

from functools import partial

import torch
import torch.nn.functional as F  # noqa: N812 - its usual name
from torch import Tensor, nn


class FCN(nn.Module):
    """Long et al. 2015, arXiv:1411.4038, section 4.2, an eighth wide; fc6 pads by 3 and pools round up.

    stride: of the finest map that scores are taken from.
    """

    def __init__(self, stride: int, classes: int) -> None:
        super().__init__()
        self.stride = stride
        self.backbone = nn.Module()
        self.stages, before = [(8, 2), (16, 2), (32, 3), (64, 3), (64, 3)], 3
        for stage, (width, count) in enumerate(self.stages, 1):
            for number in range(1, count + 1):
                self.backbone.add_module(f"conv{stage}_{number}", nn.Conv2d(before, width, 3, padding=1))
                before = width
        self.head = nn.Module()
        self.head.fc6, self.head.fc7 = nn.Conv2d(64, 512, 7, padding=3), nn.Conv2d(512, 512, 1)
        self.score_fr = nn.Conv2d(512, classes, 1)
        finer = {"pool4": (64, 3), "pool3": (32, 2)}  # channels, and which of the pools it is
        self.finer = {pool: number for pool, (_, number) in finer.items() if stride < 2 ** (number + 2)}
        for pool in self.finer:
            width = finer[pool][0]
            doubling = nn.ConvTranspose2d(classes, classes, 4, 2, 1, groups=classes, bias=False)
            self.add_module(f"double_{pool}", doubling)
            self.add_module(f"score_{pool}", nn.Conv2d(width, classes, 1))

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        size, pools = x.shape[2:], []
        for stage, (_, count) in enumerate(self.stages, 1):
            for number in range(1, count + 1):
                x = torch.relu(self.backbone.get_submodule(f"conv{stage}_{number}")(x))
            x = F.max_pool2d(x, 2, ceil_mode=True)
            pools.append(x)
        x = self.score_fr(torch.relu(self.head.fc7(torch.relu(self.head.fc6(x)))))
        for pool, number in self.finer.items():
            finer = self.get_submodule(f"score_{pool}")(pools[number])
            x = self.get_submodule(f"double_{pool}")(x)[:, :, : finer.shape[2], : finer.shape[3]] + finer
        x = F.interpolate(x, scale_factor=self.stride, mode="bilinear", align_corners=False)
        return {"out": x[:, :, : size[0], : size[1]]}


def twice(before: int, after: int, pad: int) -> nn.Sequential:
    parts = nn.Sequential()
    parts.add_module("conv1", nn.Conv2d(before, after, 3, padding=pad))
    parts.add_module("relu1", nn.ReLU())
    parts.add_module("conv2", nn.Conv2d(after, after, 3, padding=pad))
    parts.add_module("relu2", nn.ReLU())
    return parts


class UNet(nn.Module):
    """Ronneberger et al. 2015, arXiv:1505.04597, figure 1; each halving doubles the width.

    pad: 1, or 0 for the paper's form, whose maps on the way down are cropped to their middle.
    """

    def __init__(self, width: int, depth: int, pad: int, classes: int) -> None:
        super().__init__()
        widths = [width << level for level in range(depth + 1)]
        self.pad, self.depth = pad, depth
        self.down = nn.ModuleList(twice(*of, pad) for of in zip([3, *widths], widths, strict=False))
        self.up = nn.ModuleList(nn.ConvTranspose2d(2 * wide, wide, 2, 2) for wide in widths[-2::-1])
        self.merge = nn.ModuleList(twice(2 * wide, wide, pad) for wide in widths[-2::-1])
        self.score = nn.Conv2d(width, classes, 1)

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        size = x.shape[2:]
        if not self.pad:  # zeros below and to the right, until each pool meets an even number of pixels
            x = F.pad(x, (0, -(size[1] + 4) % 2**self.depth, 0, -(size[0] + 4) % 2**self.depth))
        skips = []
        for down in self.down:
            x = down(F.max_pool2d(x, 2, ceil_mode=True) if skips else x)
            skips.append(x)
        skips.pop()
        for up, merge in zip(self.up, self.merge, strict=True):
            skip, x = skips.pop(), up(x)
            if not self.pad:
                top, left = ((skip.shape[axis] - x.shape[axis]) // 2 for axis in (2, 3))
                skip = skip[:, :, top : top + x.shape[2], left : left + x.shape[3]]
            x = merge(torch.cat([skip, x[:, :, : skip.shape[2], : skip.shape[3]]], 1))
        lost = 0 if self.pad else 2 * (2 * sum(2**level for level in range(self.depth)) + 2**self.depth)
        return {"out": self.score(x)[:, :, : size[0] - 2 * lost, : size[1] - 2 * lost]}


NETWORKS = {
    "fcn8s_x0_125": partial(FCN, 8),
    "unet_w16_d3": partial(UNet, 16, 3, 1),
    "fcn16s_x0_125": partial(FCN, 16),
    "unet_unpadded_w8_d1": partial(UNet, 8, 1, 0),
}
