"""Networks that torchvision has not, written for torch from their papers: what ours are compared with.

Names of parts are those of published weights (resnet20: akamaster) or, where no torch weights are published, ours.
"""

import torch
import torch.nn.functional as F  # noqa: N812 - its usual name
from torch import Tensor, nn


class ConvNet(nn.Module):
    """The tutorials' network for digits: ours of the same name, at 28x28."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 32, 3), nn.Conv2d(32, 64, 3)
        self.dense1, self.dense2 = nn.Linear(9216, 128), nn.Linear(128, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(torch.relu(self.conv2(torch.relu(self.conv1(x)))), 2)
        return self.dense2(torch.relu(self.dense1(x.flatten(1))))


class ResidualBlock(nn.Module):
    """He et al. 2015, arXiv:1512.03385, section 4.2, shortcut option A with zeros on both sides."""

    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        self.stride, self.zeros = stride, (after - before) // 2
        self.conv1, self.bn1 = nn.Conv2d(before, after, 3, stride, 1, bias=False), nn.BatchNorm2d(after)
        self.conv2, self.bn2 = nn.Conv2d(after, after, 3, 1, 1, bias=False), nn.BatchNorm2d(after)

    def forward(self, x: Tensor) -> Tensor:
        y = self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x)))))
        shortcut = F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, self.zeros, self.zeros))
        return torch.relu(y + shortcut)


class ResNet20(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16)
        self.layer1 = nn.Sequential(*(ResidualBlock(16, 16, 1) for _ in range(3)))
        self.layer2 = nn.Sequential(ResidualBlock(16, 32, 2), ResidualBlock(32, 32, 1), ResidualBlock(32, 32, 1))
        self.layer3 = nn.Sequential(ResidualBlock(32, 64, 2), ResidualBlock(64, 64, 1), ResidualBlock(64, 64, 1))
        self.linear = nn.Linear(64, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.layer3(self.layer2(self.layer1(torch.relu(self.bn1(self.conv1(x))))))
        return self.linear(x.mean((2, 3)))


class Normed(nn.Module):
    """A convolution and its batch norm, under the names that they have in ours."""

    def __init__(
        self, before: int, after: int, size: int, stride: int = 1, groups: int = 1, eps: float = 1e-5, pad: int = -1
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(before, after, size, stride, size // 2 if pad < 0 else pad, groups=groups, bias=False)
        self.norm = nn.BatchNorm2d(after, eps=eps)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.conv(x))


class MobileNetV1(nn.Module):
    """Howard et al. 2017, arXiv:1704.04861, table 1, a quarter wide, with Keras' padding and eps."""

    def __init__(self) -> None:
        super().__init__()
        widths = [8, 16, 32, 32, 64, 64, *[128] * 6, 256, 256]
        self.strides = [1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1]
        self.conv1 = Normed(3, 8, 3, 2, eps=1e-3, pad=0)
        for number, stride in enumerate(self.strides, 1):
            before, after = widths[number - 1 : number + 1]
            depthwise = Normed(before, before, 3, stride, before, eps=1e-3, pad=1 if stride == 1 else 0)
            block = nn.ModuleDict({"depthwise": depthwise, "pointwise": Normed(before, after, 1, eps=1e-3)})
            self.add_module(f"block{number}", block)
        self.fc = nn.Linear(256, 1000)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu6(self.conv1(F.pad(x, (0, 1, 0, 1))))
        for number, stride in enumerate(self.strides, 1):
            block = self.get_submodule(f"block{number}")
            x = F.relu6(block["depthwise"](x if stride == 1 else F.pad(x, (0, 1, 0, 1))))
            x = F.relu6(block["pointwise"](x))
        return self.fc(x.mean((2, 3)))


class ShuffleUnit(nn.Module):
    """Zhang et al. 2017, arXiv:1707.01083, figure 2 b and c, with 3 groups."""

    def __init__(self, before: int, after: int, stride: int, first_groups: int) -> None:
        super().__init__()
        self.stride, narrow = stride, after // 4
        self.reduce = Normed(before, narrow, 1, groups=first_groups)
        self.depthwise = Normed(narrow, narrow, 3, stride, narrow)
        self.expand = Normed(narrow, after if stride == 1 else after - before, 1, groups=3)

    def forward(self, x: Tensor) -> Tensor:
        y = torch.relu(self.reduce(x))
        y = F.channel_shuffle(y, 3)
        y = self.expand(self.depthwise(y))
        if self.stride == 1:
            return torch.relu(x + y)
        return torch.relu(torch.cat([F.avg_pool2d(x, 3, 2, 1), y], 1))


class ShuffleNetV1(nn.Module):
    """Table 1, column g = 3."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = Normed(3, 24, 3, 2)
        before = 24
        for stage, (channels, count) in enumerate([(240, 4), (480, 8), (960, 4)], 2):
            first = ShuffleUnit(before, channels, 2, 1 if stage == 2 else 3)
            others = (ShuffleUnit(channels, channels, 1, 3) for _ in range(count - 1))
            self.add_module(f"stage{stage}", nn.Sequential(first, *others))
            before = channels
        self.fc = nn.Linear(960, 1000)

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(torch.relu(self.conv1(x)), 3, 2, 1)
        return self.fc(self.stage4(self.stage3(self.stage2(x))).mean((2, 3)))


NETWORKS = {"resnet20": ResNet20, "mobilenet_v1_x0_25": MobileNetV1, "shufflenet_v1": ShuffleNetV1}
