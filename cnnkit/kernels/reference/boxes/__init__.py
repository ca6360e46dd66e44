"""Boxes, defined: choice.py overlaps and which of many are kept, regions.py the maps within them."""
