"""Boxes in images.

iou.py      overlaps of two lists      select.py   the best of boxes that overlap
"""
