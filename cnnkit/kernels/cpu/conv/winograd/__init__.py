"""Winograd F(4x4, 3x3): tiles.py forward and by the images, dw.py by the filters, transforms.py the matrices."""
