"""FCN-8s and U-Net in torch, written from their papers; names of parts are ours."""

import torch
import torch.nn.functional as F  # noqa: N812 - its usual name
from torch import Tensor, nn


class FCN8s(nn.Module):
    """Long et al. 2015, arXiv:1411.4038, section 4.2, an eighth wide; fc6 pads by 3 and pools round up."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.backbone = nn.Module()
        self.stages, before = [(8, 2), (16, 2), (32, 3), (64, 3), (64, 3)], 3
        for stage, (width, count) in enumerate(self.stages, 1):
            for number in range(1, count + 1):
                self.backbone.add_module(f"conv{stage}_{number}", nn.Conv2d(before, width, 3, padding=1))
                before = width
        self.head = nn.Module()
        self.head.fc6, self.head.fc7 = nn.Conv2d(64, 512, 7, padding=3), nn.Conv2d(512, 512, 1)
        self.score_fr = nn.Conv2d(512, classes, 1)
        for pool, width in (("pool4", 64), ("pool3", 32)):
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
        for pool, finer in (("pool4", pools[3]), ("pool3", pools[2])):
            finer = self.get_submodule(f"score_{pool}")(finer)
            x = self.get_submodule(f"double_{pool}")(x)[:, :, : finer.shape[2], : finer.shape[3]] + finer
        x = F.interpolate(x, scale_factor=8, mode="bilinear", align_corners=False)
        return {"out": x[:, :, : size[0], : size[1]]}


def twice(before: int, after: int) -> nn.Sequential:
    parts = nn.Sequential()
    parts.add_module("conv1", nn.Conv2d(before, after, 3, padding=1))
    parts.add_module("relu1", nn.ReLU())
    parts.add_module("conv2", nn.Conv2d(after, after, 3, padding=1))
    parts.add_module("relu2", nn.ReLU())
    return parts


class UNet(nn.Module):
    """Ronneberger et al. 2015, arXiv:1505.04597, figure 1, padded, 16 channels wide and three halvings deep."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.down = nn.ModuleList([twice(3, 16), twice(16, 32), twice(32, 64), twice(64, 128)])
        self.up = nn.ModuleList(nn.ConvTranspose2d(2 * width, width, 2, 2) for width in (64, 32, 16))
        self.merge = nn.ModuleList(twice(2 * width, width) for width in (64, 32, 16))
        self.score = nn.Conv2d(16, classes, 1)

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        skips = []
        for down in self.down:
            x = down(F.max_pool2d(x, 2, ceil_mode=True) if skips else x)
            skips.append(x)
        skips.pop()
        for up, merge in zip(self.up, self.merge, strict=True):
            skip = skips.pop()
            x = merge(torch.cat([skip, up(x)[:, :, : skip.shape[2], : skip.shape[3]]], 1))
        return {"out": self.score(x)}


NETWORKS = {"fcn8s_x0_125": FCN8s, "unet_w16_d3": UNet}
