"""Boxes in images, and the maps within them.

iou.py       overlaps of two lists        roi_align.py   the mean of samples in each bin of a region
select.py    the best that overlap        roi_pool.py    the greatest pixel in each bin of a region
"""
