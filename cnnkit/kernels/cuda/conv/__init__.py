"""Filters that slide: products of matrices whose left one is read from the image as it is needed.

tile.py       what a block of threads computes     gather.py     a row of the left matrix is a pixel's taps
geometry.py   where taps and results lie           dw.py         the gradient by the filters
depthwise.py  a filter for each channel            conv.py       the kernels' names, and which way each call takes
"""
