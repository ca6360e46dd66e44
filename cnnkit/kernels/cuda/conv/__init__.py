"""Filters that slide: products of matrices whose left one is read from the image as it is needed.

geometry.py   where taps and results lie               depthwise.py    a filter for each channel
brought.py    what a thread brings of both matrices    fours.py        channels brought to a multiple of four
tile.py       what a block computes out of registers   warp.py         what it computes by tensor cores
gather.py     a row of the left one is a pixel's taps  gather_tf32.py  the same by tensor cores
dw.py         sums over all pixels                     dw_tf32.py      the same by tensor cores
filters.py    the gradient by the filters              mma.py          products of small matrices on tensor cores
conv.py       the kernels' names, and which way a call takes
"""
