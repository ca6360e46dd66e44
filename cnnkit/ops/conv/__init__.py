"""Convolution: conv.py as CNN papers mean it, transpose.py as its gradient taken forward, by which maps grow."""
