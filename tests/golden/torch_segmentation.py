"""Networks for segmentation in torch: torchvision's, and from their papers those that it has not, on its trunks.

Names of parts of the latter are ours but for the trunk's, which are torchvision's.
"""

import torch
import torch.nn.functional as F  # noqa: N812 - its usual name
from torch import Tensor, nn
from torch_deeplab import NETWORKS as EARLIER
from torch_fcn_unet import NETWORKS as SKIPPING
from torch_networks import Normed
from torchvision.models import mobilenet_v2, resnet50, segmentation


class NormedReLU(Normed):
    """And a ReLU; the convolution spreads by `rate`."""

    def __init__(self, before: int, after: int, size: int, rate: int = 1, groups: int = 1) -> None:
        super().__init__(before, after, size, groups=groups, pad=rate * (size // 2))
        self.conv.dilation = (rate, rate)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(super().forward(x))


def separable(before: int, after: int, rate: int = 1) -> nn.Module:
    parts = nn.Sequential()
    parts.add_module("depthwise", NormedReLU(before, before, 3, rate, before))
    parts.add_module("pointwise", NormedReLU(before, after, 1))
    return parts


# Of MobileNet v2 with every eighth or sixteenth pixel: how far the blocks spread that have no stride.
RATES = {
    8: {7: 1, **dict.fromkeys(range(8, 15), 2), **dict.fromkeys(range(15, 18), 4)},
    16: {14: 1, 15: 2, 16: 2, 17: 2},
}


class MobileNetV2Trunk(nn.Module):
    """Features 0 to 17: the blocks from the fourth stride on (output stride 8), or the fifth (16), spread instead."""

    def __init__(self, output_stride: int, width: float = 1.0) -> None:
        super().__init__()
        self.features = mobilenet_v2(weights=None, width_mult=width).features[:18]
        for number, rate in RATES[output_stride].items():
            (depthwise,) = [m for m in self.features[number].modules() if isinstance(m, nn.Conv2d) and m.groups > 1]
            depthwise.stride, depthwise.dilation, depthwise.padding = (1, 1), (rate, rate), (rate, rate)

    def forward(self, x: Tensor) -> Tensor:
        return self.features(x)


class DeepLabV3MobileNetV2(nn.Module):
    """As TensorFlow publishes it for VOC: the mean of the image, then a 1x1 convolution, no other branch."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.backbone = MobileNetV2Trunk(8)
        parts = {"image": NormedReLU(320, 256, 1), "ones": NormedReLU(320, 256, 1), "project": NormedReLU(512, 256, 1)}
        self.classifier = nn.ModuleDict({"aspp": nn.ModuleDict(parts), "score": nn.Conv2d(256, classes, 1)})

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        features, aspp = self.backbone(x), self.classifier["aspp"]
        image = aspp["image"](features.mean((2, 3), keepdim=True)).expand(-1, -1, *features.shape[2:])
        scores = self.classifier["score"](aspp["project"](torch.cat([image, aspp["ones"](features)], 1)))
        return {"out": F.interpolate(scores, x.shape[2:], mode="bilinear", align_corners=True)}


class DeepLabV3Plus(nn.Module):
    """Chen et al. 2018, figure 2, with separable convolutions in both halves.

    low, high: channels of the trunk's two maps.   narrow, wide: 48 and 256 in the paper.
    """

    def __init__(self, trunk: nn.Module, low: int, high: int, narrow: int, wide: int, classes: int) -> None:
        super().__init__()
        self.backbone = trunk
        self.aspp = nn.ModuleDict({"ones": NormedReLU(high, wide, 1), "image": NormedReLU(high, wide, 1)})
        self.aspp["threes"] = nn.ModuleList(separable(high, wide, rate) for rate in (6, 12, 18))
        self.aspp["project"], self.reduce = NormedReLU(5 * wide, wide, 1), NormedReLU(low, narrow, 1)
        self.conv1, self.conv2 = separable(wide + narrow, wide), separable(wide, wide)
        self.score = nn.Conv2d(wide, classes, 1)

    def maps(self, x: Tensor) -> tuple[Tensor, Tensor]:
        raise NotImplementedError

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        low, high = self.maps(x)
        image = self.aspp["image"](high.mean((2, 3), keepdim=True)).expand(-1, -1, *high.shape[2:])
        branches = [self.aspp["ones"](high), *(three(high) for three in self.aspp["threes"]), image]
        high = self.aspp["project"](torch.cat(branches, 1))
        high = F.interpolate(high, low.shape[2:], mode="bilinear", align_corners=False)
        scores = self.score(self.conv2(self.conv1(torch.cat([high, self.reduce(low)], 1))))
        return {"out": F.interpolate(scores, x.shape[2:], mode="bilinear", align_corners=False)}


class DeepLabV3PlusResNet50(DeepLabV3Plus):
    def __init__(self, classes: int) -> None:
        trunk = resnet50(weights=None, replace_stride_with_dilation=[False, False, True])
        del trunk.fc
        super().__init__(trunk, 256, 2048, 48, 256, classes)

    def maps(self, x: Tensor) -> tuple[Tensor, Tensor]:
        b = self.backbone
        low = b.layer1(b.maxpool(b.relu(b.bn1(b.conv1(x)))))
        return low, b.layer4(b.layer3(b.layer2(low)))


class DeepLabV3PlusMobileNetV2(DeepLabV3Plus):
    """Half as wide."""

    def __init__(self, classes: int) -> None:
        super().__init__(MobileNetV2Trunk(16, 0.5), 16, 160, 24, 128, classes)

    def maps(self, x: Tensor) -> tuple[Tensor, Tensor]:
        low = self.backbone.features[:4](x)
        return low, self.backbone.features[4:](low)


def of_torchvision(name: str) -> "type[nn.Module]":
    build = getattr(segmentation, name)
    return lambda classes: build(weights=None, weights_backbone=None, num_classes=classes, aux_loss=True)


NETWORKS = {
    "fcn_resnet50": of_torchvision("fcn_resnet50"),
    **EARLIER,
    "deeplab_v3_resnet50": of_torchvision("deeplabv3_resnet50"),
    "deeplab_v3_mobilenet_v3_large": of_torchvision("deeplabv3_mobilenet_v3_large"),
    "deeplab_v3_mobilenet_v2": DeepLabV3MobileNetV2,
    "deeplab_v3plus_resnet50": DeepLabV3PlusResNet50,
    **SKIPPING,
    "deeplab_v3plus_mobilenet_v2_x0_5": DeepLabV3PlusMobileNetV2,
}
