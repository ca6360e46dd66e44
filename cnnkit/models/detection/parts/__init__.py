"""What networks that find things are made of, each written once.

coder.py   how a box is told from an anchor: four numbers of size 1

Overlaps, suppression, regions and losses are ops: `ops.box_iou`, `ops.select`, `ops.smooth_l1_loss` and the like.
"""

from cnnkit.models.detection.parts.coder import BoxCoder, clipped

__all__ = ["BoxCoder", "clipped"]
