"""Networks that give a class to every pixel: (N, H, W, C) -> logits (N, H, W, classes), images of any height and width.

A file is a paper. All but `unet` stand on a trunk, a classifier's layers under their names there (`models/trunk.py`).
"""
