"""The fast kernels: float32, explicit vectors, many threads. Names and meanings are those of `reference`."""

from cnnkit.kernels.cpu.conv import conv2d, conv2d_dw, conv2d_dx, pack
from cnnkit.kernels.cpu.matmul import dense, dense_dw, dense_dx

__all__ = [
    "conv2d",
    "conv2d_dw",
    "conv2d_dx",
    "dense",
    "dense_dw",
    "dense_dx",
    "pack",
]
