"""Open pictures with boxes.

open_boxes.py  those in files, as the three parts      fit.py  size, colour and how pictures get there
"""
