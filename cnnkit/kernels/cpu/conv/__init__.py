"""Convolution and its gradients.

conv.py      the kernels: conv2d, its gradients, conv_transpose2d
schedule/    THE place that chooses how
direct/      sums tap by tap                               winograd/     3x3 and 5x5, stride 1, in fewer products
depthwise/   one filter a channel                          gather.py     where a direct convolution reads and writes
filters.py   the forms that schedules want                 packing.py    filters in panels
border.py    zeros around images
"""
