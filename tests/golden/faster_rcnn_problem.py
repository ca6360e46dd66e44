"""What both sides of the comparison of Faster R-CNN compute: weights and boxes."""

import re

import numpy as np

IMAGES, CLASSES, SIDE = 2, 3, 128
# Ours, and torchvision's.
NAMES = {
    "faster_rcnn_resnet50_fpn": "fasterrcnn_resnet50_fpn",
    "faster_rcnn_mobilenet_v3_large_320_fpn": "fasterrcnn_mobilenet_v3_large_320_fpn",
}
# Proposals of an image in training, and in use; all of them teach.
PLACES = 300
# Of so many anchors, and of so many proposals, one is kept.
EVERY_ANCHOR, EVERY_PROPOSAL = 131, 13
# What heads are multiplied with: the formula's maps grow with a network's depth, and what is told of them ends near 3.
HEADS = {
    "rpn.head.cls_logits": (0.2, 2.0),
    "rpn.head.bbox_pred": (0.05, 0.25),
    "roi_heads.box_predictor.cls_score": (0.15, 3.0),
    "roi_heads.box_predictor.bbox_pred": (0.15, 1.2),
}
# The last norm of a block of MobileNet v3: what it adds is kept small, as `formula` does for ResNets.
ENDS_OF_BLOCKS = re.compile(r"block\.[23]\.1\.weight$")


def tamed(network: str, name: str, array: np.ndarray) -> np.ndarray:
    """Numbers that neither saturate nor leave the image, and do not multiply the rounding of the first layers."""
    if ENDS_OF_BLOCKS.search(name):
        return array * np.float32(0.3)
    which = list(NAMES).index(network)
    return array * np.float32(next((factors[which] for head, factors in HEADS.items() if name.startswith(head)), 1))


def targets() -> list[tuple[np.ndarray, np.ndarray]]:
    """Corners and classes of each image; one box is smaller than any anchor."""
    first = np.float32([[10, 15, 50, 70], [60, 20, 120, 90], [30, 90, 45, 102]])
    second = np.float32([[2, 3, 100, 120], [80, 40, 110, 75]])
    return [(first, np.int64([0, 2, 1])), (second, np.int64([1, 0]))]
