"""The convolutions of five networks at 224 x 224, eight images: resnet18, resnet50, vgg16, mobilenet_v2 and googlenet.

Each shape stands once, under the network that is named first and with the place it has there; others share it.
GoogLeNet has 3x3 filters where its paper has 5x5, as the published weights do; the paper's own come last.
"""

from __future__ import annotations

from dataclasses import dataclass

from cnnkit.kernels import Window


@dataclass(frozen=True)
class Layer:
    """A convolution as it stands in a network: N images of size x size, C -> O channels."""

    name: str
    N: int
    size: int
    C: int
    O: int
    kernel: int
    stride: int = 1
    groups: int = 1
    padding: int | None = None
    quick: bool = False
    dilation: int = 1

    @property
    def pad(self) -> int:
        return self.dilation * (self.kernel // 2) if self.padding is None else self.padding

    @property
    def window(self) -> Window:
        return Window(self.stride, self.stride, self.pad, self.pad, self.pad, self.pad, self.dilation, self.dilation)

    def __str__(self) -> str:
        groups = f" groups {self.groups}" if self.groups > 1 else ""
        kind = f"{self.kernel}x{self.kernel}" + (f"/{self.stride}" if self.stride > 1 else "")
        kind += f" rate {self.dilation}" if self.dilation > 1 else ""
        return f"{self.name} {kind} {self.C}->{self.O}{groups} {self.N}x{self.size}x{self.size}"


NETWORK_LAYERS = [
    Layer("resnet conv1", 8, 224, 3, 64, 7, stride=2),
    # resnet18
    Layer("resnet18 conv2", 8, 56, 64, 64, 3),
    Layer("resnet18 conv3 first", 8, 56, 64, 128, 3, stride=2),
    Layer("resnet18 conv3", 8, 28, 128, 128, 3),
    Layer("resnet18 conv3 shortcut", 8, 56, 64, 128, 1, stride=2),
    Layer("resnet18 conv4 first", 8, 28, 128, 256, 3, stride=2),
    Layer("resnet18 conv4", 8, 14, 256, 256, 3),
    Layer("resnet18 conv4 shortcut", 8, 28, 128, 256, 1, stride=2),
    Layer("resnet18 conv5 first", 8, 14, 256, 512, 3, stride=2),
    Layer("resnet18 conv5", 8, 7, 512, 512, 3),
    Layer("resnet18 conv5 shortcut", 8, 14, 256, 512, 1, stride=2),
    # resnet50
    Layer("resnet50 conv2 first reduce", 8, 56, 64, 64, 1),
    Layer("resnet50 conv2 expand", 8, 56, 64, 256, 1),
    Layer("resnet50 conv2 reduce", 8, 56, 256, 64, 1),
    Layer("resnet50 conv3 first reduce", 8, 56, 256, 128, 1),
    Layer("resnet50 conv3 first", 8, 56, 128, 128, 3, stride=2),
    Layer("resnet50 conv3 expand", 8, 28, 128, 512, 1),
    Layer("resnet50 conv3 shortcut", 8, 56, 256, 512, 1, stride=2),
    Layer("resnet50 conv3 reduce", 8, 28, 512, 128, 1),
    Layer("resnet50 conv4 first reduce", 8, 28, 512, 256, 1),
    Layer("resnet50 conv4 first", 8, 28, 256, 256, 3, stride=2),
    Layer("resnet50 conv4 expand", 8, 14, 256, 1024, 1),
    Layer("resnet50 conv4 shortcut", 8, 28, 512, 1024, 1, stride=2),
    Layer("resnet50 conv4 reduce", 8, 14, 1024, 256, 1),
    Layer("resnet50 conv5 first reduce", 8, 14, 1024, 512, 1),
    Layer("resnet50 conv5 first", 8, 14, 512, 512, 3, stride=2),
    Layer("resnet50 conv5 expand", 8, 7, 512, 2048, 1),
    Layer("resnet50 conv5 shortcut", 8, 14, 1024, 2048, 1, stride=2),
    Layer("resnet50 conv5 reduce", 8, 7, 2048, 512, 1),
    # vgg16
    Layer("vgg16 conv1_1", 8, 224, 3, 64, 3),
    Layer("vgg16 conv1_2", 8, 224, 64, 64, 3),
    Layer("vgg16 conv2_1", 8, 112, 64, 128, 3),
    Layer("vgg16 conv2_2", 8, 112, 128, 128, 3),
    Layer("vgg16 conv3_1", 8, 56, 128, 256, 3),
    Layer("vgg16 conv3_2", 8, 56, 256, 256, 3),
    Layer("vgg16 conv4_1", 8, 28, 256, 512, 3),
    Layer("vgg16 conv4_2", 8, 28, 512, 512, 3),
    Layer("vgg16 conv5", 8, 14, 512, 512, 3),
    # mobilenet_v2: dw is the depthwise convolution of an inverted residual, between its expansion and its projection
    Layer("mobilenet_v2 stem", 8, 224, 3, 32, 3, stride=2),
    Layer("mobilenet_v2 16 dw", 8, 112, 32, 32, 3, groups=32),
    Layer("mobilenet_v2 16 project", 8, 112, 32, 16, 1),
    Layer("mobilenet_v2 24 first expand", 8, 112, 16, 96, 1),
    Layer("mobilenet_v2 24 first dw", 8, 112, 96, 96, 3, stride=2, groups=96),
    Layer("mobilenet_v2 24 first project", 8, 56, 96, 24, 1),
    Layer("mobilenet_v2 24 expand", 8, 56, 24, 144, 1),
    Layer("mobilenet_v2 24 dw", 8, 56, 144, 144, 3, groups=144),
    Layer("mobilenet_v2 24 project", 8, 56, 144, 24, 1),
    Layer("mobilenet_v2 32 first dw", 8, 56, 144, 144, 3, stride=2, groups=144),
    Layer("mobilenet_v2 32 first project", 8, 28, 144, 32, 1),
    Layer("mobilenet_v2 32 expand", 8, 28, 32, 192, 1),
    Layer("mobilenet_v2 32 dw", 8, 28, 192, 192, 3, groups=192),
    Layer("mobilenet_v2 32 project", 8, 28, 192, 32, 1),
    Layer("mobilenet_v2 64 first dw", 8, 28, 192, 192, 3, stride=2, groups=192),
    Layer("mobilenet_v2 64 first project", 8, 14, 192, 64, 1),
    Layer("mobilenet_v2 64 expand", 8, 14, 64, 384, 1),
    Layer("mobilenet_v2 64 dw", 8, 14, 384, 384, 3, groups=384),
    Layer("mobilenet_v2 64 project", 8, 14, 384, 64, 1),
    Layer("mobilenet_v2 96 first project", 8, 14, 384, 96, 1),
    Layer("mobilenet_v2 96 expand", 8, 14, 96, 576, 1),
    Layer("mobilenet_v2 96 dw", 8, 14, 576, 576, 3, groups=576),
    Layer("mobilenet_v2 96 project", 8, 14, 576, 96, 1),
    Layer("mobilenet_v2 160 first dw", 8, 14, 576, 576, 3, stride=2, groups=576),
    Layer("mobilenet_v2 160 first project", 8, 7, 576, 160, 1),
    Layer("mobilenet_v2 160 expand", 8, 7, 160, 960, 1),
    Layer("mobilenet_v2 160 dw", 8, 7, 960, 960, 3, groups=960),
    Layer("mobilenet_v2 160 project", 8, 7, 960, 160, 1),
    Layer("mobilenet_v2 320 project", 8, 7, 960, 320, 1),
    Layer("mobilenet_v2 last", 8, 7, 320, 1280, 1),
    # googlenet: branch 2 and 3 of a module reduce by 1x1 filters before the wider ones, branch 4 pools first
    Layer("googlenet conv3", 8, 56, 64, 192, 3),
    Layer("googlenet 3a branch 1", 8, 28, 192, 64, 1),
    Layer("googlenet 3a branch 2 reduce", 8, 28, 192, 96, 1),
    Layer("googlenet 3a branch 2", 8, 28, 96, 128, 3),
    Layer("googlenet 3a branch 3 reduce", 8, 28, 192, 16, 1),
    Layer("googlenet 3a branch 3", 8, 28, 16, 32, 3),
    Layer("googlenet 3b branch 1", 8, 28, 256, 128, 1),
    Layer("googlenet 3b branch 2", 8, 28, 128, 192, 3),
    Layer("googlenet 3b branch 3 reduce", 8, 28, 256, 32, 1),
    Layer("googlenet 3b branch 3", 8, 28, 32, 96, 3),
    Layer("googlenet 3b branch 4", 8, 28, 256, 64, 1),
    Layer("googlenet 4a branch 1", 8, 14, 480, 192, 1),
    Layer("googlenet 4a branch 2 reduce", 8, 14, 480, 96, 1),
    Layer("googlenet 4a branch 2", 8, 14, 96, 208, 3),
    Layer("googlenet 4a branch 3 reduce", 8, 14, 480, 16, 1),
    Layer("googlenet 4a branch 3", 8, 14, 16, 48, 3),
    Layer("googlenet 4a branch 4", 8, 14, 480, 64, 1),
    Layer("googlenet 4b branch 1", 8, 14, 512, 160, 1),
    Layer("googlenet 4b branch 2 reduce", 8, 14, 512, 112, 1),
    Layer("googlenet 4b branch 2", 8, 14, 112, 224, 3),
    Layer("googlenet 4b branch 3 reduce", 8, 14, 512, 24, 1),
    Layer("googlenet 4b branch 3", 8, 14, 24, 64, 3),
    Layer("googlenet 4b branch 4", 8, 14, 512, 64, 1),
    Layer("googlenet 4c branch 1", 8, 14, 512, 128, 1),
    Layer("googlenet 4c branch 2", 8, 14, 128, 256, 3),
    Layer("googlenet 4d branch 2 reduce", 8, 14, 512, 144, 1),
    Layer("googlenet 4d branch 2", 8, 14, 144, 288, 3),
    Layer("googlenet 4d branch 3 reduce", 8, 14, 512, 32, 1),
    Layer("googlenet 4d branch 3", 8, 14, 32, 64, 3),
    Layer("googlenet 4e branch 1", 8, 14, 528, 256, 1),
    Layer("googlenet 4e branch 2 reduce", 8, 14, 528, 160, 1),
    Layer("googlenet 4e branch 2", 8, 14, 160, 320, 3),
    Layer("googlenet 4e branch 3 reduce", 8, 14, 528, 32, 1),
    Layer("googlenet 4e branch 3", 8, 14, 32, 128, 3),
    Layer("googlenet 4e branch 4", 8, 14, 528, 128, 1),
    Layer("googlenet 5a branch 1", 8, 7, 832, 256, 1),
    Layer("googlenet 5a branch 2 reduce", 8, 7, 832, 160, 1),
    Layer("googlenet 5a branch 2", 8, 7, 160, 320, 3),
    Layer("googlenet 5a branch 3 reduce", 8, 7, 832, 32, 1),
    Layer("googlenet 5a branch 3", 8, 7, 32, 128, 3),
    Layer("googlenet 5a branch 4", 8, 7, 832, 128, 1),
    Layer("googlenet 5b branch 1", 8, 7, 832, 384, 1),
    Layer("googlenet 5b branch 2 reduce", 8, 7, 832, 192, 1),
    Layer("googlenet 5b branch 2", 8, 7, 192, 384, 3),
    Layer("googlenet 5b branch 3 reduce", 8, 7, 832, 48, 1),
    Layer("googlenet 5b branch 3", 8, 7, 48, 128, 3),
    Layer("googlenet paper 3a branch 3", 8, 28, 16, 32, 5),
    Layer("googlenet paper 3b branch 3", 8, 28, 32, 96, 5),
    Layer("googlenet paper 4b branch 3", 8, 14, 24, 64, 5),
    Layer("googlenet paper 4e branch 3", 8, 14, 32, 128, 5),
    Layer("googlenet paper 5b branch 3", 8, 7, 48, 128, 5),
]
