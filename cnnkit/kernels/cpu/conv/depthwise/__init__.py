"""Depthwise convolution: rows.py forward and by the images, dw.py by the filters, back.py both gradients at once.

flat.py has the forward sums of so few channels that several pixels share a vector.
"""
