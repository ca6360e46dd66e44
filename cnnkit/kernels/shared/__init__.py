"""What all machines agree on.

array.py     the type of a tensor             geometry.py    where a sliding window is
scalar.py    activations for one number       pooling.py     codes of winners, adaptive bins
philox.py    random numbers by counter        precision.py   how exact float32 kernels are
"""
