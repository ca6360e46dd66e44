"""DeepLab v1 and v2 in torch, written from their papers; names of parts are ours, but for ResNet-101's."""

import torch.nn.functional as F  # noqa: N812 - its usual name
from torch import Tensor, nn
from torchvision.models import resnet101


class DeepLabV1(nn.Module):
    """Chen et al. 2014, arXiv:1412.7062, section 3 and "DeepLab-LargeFOV" of section 5."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.backbone, before = nn.Sequential(), 3
        for stage, (after, count) in enumerate(((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)), 1):
            rate = 2 if stage == 5 else 1
            for number in range(1, count + 1):
                layer = nn.Conv2d(before, after, 3, padding=rate, dilation=rate)
                self.backbone.add_module(f"conv{stage}_{number}", layer)
                self.backbone.add_module(f"relu{stage}_{number}", nn.ReLU())
                before = after
            pool = nn.MaxPool2d(2) if stage < 4 else nn.MaxPool2d(3, stride=1, padding=1)
            self.backbone.add_module(f"pool{stage}", pool)
        self.head = nn.Sequential()
        for name, layer in {
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
