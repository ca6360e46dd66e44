"""Depthwise convolution: rows.py forward and by the images, dw.py by the filters, back.py both gradients at once."""
