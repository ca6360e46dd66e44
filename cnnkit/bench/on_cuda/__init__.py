"""The benchmark of a CUDA device; in Numba's simulator every answer is checked, and nothing is timed.

simulated.py   small calls of kernels, each held against its definition     clock.py     events around calls
measure.py     the suites on a device, beside torch                         roof.py      how fast it is at most
sampled.py     some outputs of a convolution, from the definition
"""
