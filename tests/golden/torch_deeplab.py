"""DeepLab v1 and v2 in torch, written from their papers on torchvision's trunks; names of parts are ours."""

import torch.nn.functional as F  # noqa: N812 - its usual name
from torch import Tensor, nn
from torchvision.models import resnet101, vgg16


class DeepLabV1(nn.Module):
    """Chen et al. 2014, arXiv:1412.7062, section 3 and "DeepLab-LargeFOV" of section 5."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        layers = list(vgg16(weights=None).features[:-1])
        for number, layer in enumerate(layers[24:], 24):  # conv5_1 to conv5_3
            if isinstance(layer, nn.Conv2d):
                layers[number] = nn.Conv2d(512, 512, 3, padding=2, dilation=2)
        layers[23] = nn.MaxPool2d(3, stride=1, padding=1)
        self.backbone = nn.Sequential()
        self.backbone.add_module("features", nn.Sequential(*layers))
        self.head = nn.Sequential()
        for name, layer in {
            "pool5": nn.MaxPool2d(3, stride=1, padding=1),
            "fc6": nn.Conv2d(512, 1024, 3, padding=12, dilation=12),
            "relu6": nn.ReLU(),
            "fc7": nn.Conv2d(1024, 1024, 1),
            "relu7": nn.ReLU(),
            "fc8": nn.Conv2d(1024, classes, 1),
        }.items():
            self.head.add_module(name, layer)

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        scores = self.head(self.backbone(x))
        return {"out": F.interpolate(scores, x.shape[2:], mode="bilinear", align_corners=False)}


class ASPP(nn.Module):
    def __init__(self, classes: int) -> None:
        super().__init__()
        self.branches = nn.ModuleList(
            nn.Conv2d(2048, classes, 3, padding=rate, dilation=rate) for rate in (6, 12, 18, 24)
        )

    def forward(self, x: Tensor) -> Tensor:
        return sum(branch(x) for branch in self.branches)


class DeepLabV2(nn.Module):
    """Chen et al. 2016, arXiv:1606.00915, sections 3.1 and 3.2, at one scale."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.backbone = resnet101(weights=None)
        del self.backbone.fc
        for stage, rate in ((self.backbone.layer3, 2), (self.backbone.layer4, 4)):
            stage[0].downsample[0].stride = (1, 1)
            for block in stage:
                block.conv2.stride, block.conv2.dilation, block.conv2.padding = (1, 1), (rate, rate), (rate, rate)
        self.aspp = ASPP(classes)

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        b = self.backbone
        maps = b.layer4(b.layer3(b.layer2(b.layer1(b.maxpool(b.relu(b.bn1(b.conv1(x))))))))
        scores = self.aspp(maps)
        return {"out": F.interpolate(scores, x.shape[2:], mode="bilinear", align_corners=False)}


NETWORKS = {"deeplab_v1": DeepLabV1, "deeplab_v2": DeepLabV2}
