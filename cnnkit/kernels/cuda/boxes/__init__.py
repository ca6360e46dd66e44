"""Boxes and the maps within them.

iou.py       how much they overlap           select.py     which of many that overlap are kept
roi_pool.py  regions by their maxima         roi_align.py  regions by their samples
"""
