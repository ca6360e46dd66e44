"""The definitions: plain loops in float64, no speed. float64 arrays run on them, and `cpu` must agree with them.

A file for each family of kernels, by the names below; store.py keeps a result in the type of its operands.
"""

from cnnkit.kernels.reference.activation import activate, activate_dx, activate_dx_at
from cnnkit.kernels.reference.channels import channel_shuffle, scale_channels, scale_channels_dx
from cnnkit.kernels.reference.conv import conv2d, conv2d_dw, conv2d_dx, pack
from cnnkit.kernels.reference.home import (
    copy,
    copy_into,
    empty,
    facts,
    fetch,
    prepare,
    put,
    same_memory,
    shapes_only,
    zeros,
)
from cnnkit.kernels.reference.matmul import dense, dense_dw, dense_dx
from cnnkit.kernels.reference.norm import (
    batch_norm,
    batch_norm_dx,
    local_response_norm,
    local_response_norm_dx,
    scale_shift,
)
from cnnkit.kernels.reference.pointwise import (
    add,
    divide,
    exp,
    log,
    maximum,
    minimum,
    multiply,
    negate,
    sqrt,
    subtract,
)
from cnnkit.kernels.reference.pool import (
    adaptive_avg_pool2d,
    adaptive_avg_pool2d_dx,
    adaptive_max_pool2d,
    adaptive_max_pool2d_dx,
    avg_pool2d,
    avg_pool2d_dx,
    max_pool2d,
    max_pool2d_dx,
)
from cnnkit.kernels.reference.random import dropout, uniform
from cnnkit.kernels.reference.reduce import max_over, mean_over, sum_over
from cnnkit.kernels.reference.shape import concat, pad, permute, slice, slice_dx
from cnnkit.kernels.reference.softmax import (
    cross_entropy,
    cross_entropy_dx,
    log_softmax,
    log_softmax_dx,
    softmax,
    softmax_dx,
)
from cnnkit.kernels.reference.update import adam, all_finite, ema, scale, sgd, square_sum

__all__ = [
    "activate",
    "activate_dx",
    "activate_dx_at",
    "adam",
    "adaptive_avg_pool2d",
    "adaptive_avg_pool2d_dx",
    "adaptive_max_pool2d",
    "adaptive_max_pool2d_dx",
    "add",
    "all_finite",
    "avg_pool2d",
    "avg_pool2d_dx",
    "batch_norm",
    "batch_norm_dx",
    "channel_shuffle",
    "concat",
    "conv2d",
    "conv2d_dw",
    "conv2d_dx",
    "copy",
    "copy_into",
    "cross_entropy",
    "cross_entropy_dx",
    "dense",
    "dense_dw",
    "dense_dx",
    "divide",
    "dropout",
    "ema",
    "empty",
    "exp",
    "facts",
    "fetch",
    "local_response_norm",
    "local_response_norm_dx",
    "log",
    "log_softmax",
    "log_softmax_dx",
    "max_over",
    "max_pool2d",
    "max_pool2d_dx",
    "maximum",
    "mean_over",
    "minimum",
    "multiply",
    "negate",
    "pack",
    "pad",
    "permute",
    "prepare",
    "put",
    "same_memory",
    "scale",
    "scale_channels",
    "scale_channels_dx",
    "scale_shift",
    "sgd",
    "shapes_only",
    "slice",
    "slice_dx",
    "softmax",
    "softmax_dx",
    "sqrt",
    "square_sum",
    "subtract",
    "sum_over",
    "uniform",
    "zeros",
]
