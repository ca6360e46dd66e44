"""Boxes in images, by their corners x_min, y_min, x_max, y_max.

choice.py   how much boxes overlap, and which of them are kept; without a derivative
"""

from cnnkit.ops.boxes.choice import box_iou, select

__all__ = ["box_iou", "select"]
