"""What all machines agree on.

array.py     what a tensor's array is         geometry.py    where a sliding window is
homes.py     which package it belongs to      facts.py       what a package tells of its machine
scalar.py    activations for one number       pooling.py     codes of winners, adaptive bins
philox.py    random numbers by counter        precision.py   how exact float32 kernels are
out.py       results in the caller's arrays   resizing.py   which pixels a resized image reads
regions.py   edges between pixels             inner.py       functions that kernels and Python call
devices.py   which CUDA devices answer
"""
