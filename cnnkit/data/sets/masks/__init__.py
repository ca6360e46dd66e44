"""Data sets whose targets are masks: the class of each pixel.

array_masks.py  pictures and masks in arrays
mask_folder.py  pictures and masks in files            coding.py   what the values in these files mean
shapes.py       shapes on textured ground, in memory   colours.py  to draw classes in
drawing.py      masks of outlines and runs
"""
