"""What both sides of the comparison of Faster R-CNN compute: weights and boxes."""

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
    "rpn.head.cls_logits": (0.2, 0.004),
    "rpn.head.bbox_pred": (0.05, 0.0005),
    "roi_heads.box_predictor.cls_score": (0.15, 0.01),
    "roi_heads.box_predictor.bbox_pred": (0.15, 0.005),
}


def tamed(network: str, name: str, array: np.ndarray) -> np.ndarray:
    """Heads of numbers that neither saturate nor leave the image."""
    which = list(NAMES).index(network)
    return array * np.float32(next((factors[which] for head, factors in HEADS.items() if name.startswith(head)), 1))


def targets() -> list[tuple[np.ndarray, np.ndarray]]:
    """Corners and classes of each image; one box is smaller than any anchor."""
    first = np.float32([[10, 15, 50, 70], [60, 20, 120, 90], [30, 90, 45, 102]])
    second = np.float32([[2, 3, 100, 120], [80, 40, 110, 75]])
    return [(first, np.int64([0, 2, 1])), (second, np.int64([1, 0]))]
