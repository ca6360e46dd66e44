"""torchvision's SSDs, also one for 512x512 and narrow ones: what `record_ssd.py` records."""

from functools import partial

import ssd_problem as problem
import torch
from torch import nn
from torchvision.models import mobilenet_v3_large, vgg16
from torchvision.models.detection import _utils, ssd300_vgg16, ssdlite320_mobilenet_v3_large
from torchvision.models.detection.anchor_utils import DefaultBoxGenerator
from torchvision.models.detection.ssd import SSD, SSDFeatureExtractorVGG
from torchvision.models.detection.ssdlite import SSDLiteFeatureExtractorMobileNet, SSDLiteHead

CLASSES = 1 + problem.CLASSES
# Liu et al. 2016, section 3.4, for COCO.
RATIOS_300, RATIOS_512 = ([[2], *[[2, 3]] * count, [2], [2]] for count in (3, 4))
SCALES_300 = [0.07, 0.15, 0.33, 0.51, 0.69, 0.87, 1.05]
SCALES_512 = [0.04, 0.1, 0.26, 0.42, 0.58, 0.74, 0.9, 1.06]
# Of MobileNet v3: the block of the last halving.
C4 = 13


def create(name: str) -> nn.Module:
    """The network; its weights are to come."""
    if name in problem.NARROW:
        case = problem.NARROW[name]
        return narrow_lite(case) if "lite" in name else narrow_300(case)
    if name == "ssd512_vgg16":
        return ssd512()
    make = {"ssd300_vgg16": ssd300_vgg16, "ssdlite320_mobilenet_v3_large": ssdlite320_mobilenet_v3_large}[name]
    return make(weights=None, weights_backbone=None, num_classes=CLASSES)


def ssd512() -> nn.Module:
    """The paper's: its last maps halve, where torchvision's shrink without padding, as those of SSD300 do."""
    maps = SSDFeatureExtractorVGG(vgg16(weights=None).features, highres=True)
    for extra in maps.extra[3:5]:
        extra[2].stride, extra[2].padding = (2, 2), (1, 1)
    maps.extra[5][2].padding = (1, 1)
    anchors = DefaultBoxGenerator(RATIOS_512, scales=SCALES_512, steps=[8, 16, 32, 64, 128, 256, 512])
    return SSD(maps, anchors, (512, 512), CLASSES)


def narrow_300(case: problem.Narrow) -> nn.Module:
    """SSD300 for small images: each convolution with a share of its channels, and the first maps alone."""
    maps = SSDFeatureExtractorVGG(vgg16(weights=None).features, highres=False)
    del maps.extra[case.maps - 1 :]
    maps.scale_weight = nn.Parameter(torch.empty(share(512, case.width)))
    for layer in maps.modules():
        if isinstance(layer, nn.Conv2d):
            outputs, inputs, *kernel = layer.weight.shape
            outputs, inputs = share(outputs, case.width), inputs if inputs == 3 else share(inputs, case.width)
            layer.weight = nn.Parameter(torch.empty(outputs, inputs, *kernel))
            layer.bias = nn.Parameter(torch.empty(outputs))
            layer.in_channels, layer.out_channels = inputs, outputs
    anchors = DefaultBoxGenerator(RATIOS_300[: case.maps], scales=SCALES_300[: case.maps + 1])
    return SSD(maps, anchors, (case.side, case.side), CLASSES)


def narrow_lite(case: problem.Narrow) -> nn.Module:
    """SSDlite as `ssdlite320_mobilenet_v3_large` builds it, with a share of the channels."""
    norm = partial(nn.BatchNorm2d, eps=0.001, momentum=0.03)
    trunk = mobilenet_v3_large(weights=None, norm_layer=norm, reduced_tail=True, width_mult=case.width)
    maps = SSDLiteFeatureExtractorMobileNet(trunk.features, C4, norm, width_mult=case.width)
    anchors = DefaultBoxGenerator([[2, 3]] * case.maps, min_ratio=0.2, max_ratio=0.95)
    channels = _utils.retrieve_out_channels(maps, (case.side, case.side))
    head = SSDLiteHead(channels, anchors.num_anchors_per_location(), CLASSES, norm)
    return SSD(maps, anchors, (case.side, case.side), CLASSES, head=head)


def share(channels: int, width: float) -> int:
    return max(1, round(width * channels))
