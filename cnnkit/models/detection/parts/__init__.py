"""What networks that find things are made of, each written once.

anchors.py    the boxes that a network starts from
coder.py      how a box is told from an anchor: four numbers of size 1
matching.py   which box each anchor is to find, and which anchors are shown

Overlaps, suppression, regions and losses are ops: `ops.box_iou`, `ops.select`, `ops.roi_align`, `ops.smooth_l1_loss`,
`ops.binary_cross_entropy` and the like. Batch norm is frozen by `nn.parts.freeze.freeze_norms`.
"""

from cnnkit.models.detection.parts.anchors import DefaultBoxes, RegionAnchors
from cnnkit.models.detection.parts.coder import BoxCoder, clipped
from cnnkit.models.detection.parts.matching import (
    BACKGROUND,
    BETWEEN,
    CROWD,
    Marks,
    hardest,
    matched,
    matched_boxes,
    on_crowds,
    sampled,
)

__all__ = [
    "BACKGROUND",
    "BETWEEN",
    "CROWD",
    "BoxCoder",
    "DefaultBoxes",
    "Marks",
    "RegionAnchors",
    "clipped",
    "hardest",
    "matched",
    "matched_boxes",
    "on_crowds",
    "sampled",
]
