"""Boxes in images, by their corners x_min, y_min, x_max, y_max.

choice.py    how much boxes overlap, and which of them are kept; without a derivative
regions.py   the maps within boxes, brought to one size
"""

from cnnkit.ops.boxes.choice import box_iou, select
from cnnkit.ops.boxes.regions import roi_align, roi_pool

__all__ = ["box_iou", "roi_align", "roi_pool", "select"]
