"""Boxes and the maps within them.

iou.py  how much they overlap       roi_pool.py  regions by their maxima       roi_align.py  regions by their samples
"""
