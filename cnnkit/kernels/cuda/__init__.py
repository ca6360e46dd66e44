"""CUDA: the kernels of this package run on an NVIDIA device, or without one in Numba's simulator.

They have been compiled and simulated, not yet run on a chip.

machine/      kernels and memory: all that is numba-cuda's own
elementwise/  one number from one number      reduce.py    sums over axes
epilogue.py   what becomes of a sum           shape/       elements in other places
pool/         one number from a window        norm/        channels normalised
softmax/      rows of classes                 conv/        filters that slide
matmul.py     the fully connected layer       judged.py    all weights by one number
boxes/        overlaps, regions of maps       recurrent/   units that go along an axis
graph/        messages between pixels
lacking.py    kernels that are not written yet
"""

import sys
from collections.abc import Callable
from typing import Any

from cnnkit.errors import DeviceError
from cnnkit.kernels.cuda.boxes.iou import box_iou
from cnnkit.kernels.cuda.boxes.roi_align import roi_align, roi_align_dx
from cnnkit.kernels.cuda.boxes.roi_pool import roi_pool, roi_pool_dx
from cnnkit.kernels.cuda.boxes.select import select
from cnnkit.kernels.cuda.conv.conv import conv2d, conv2d_dw, conv2d_dx, conv2d_dx_dw, conv_transpose2d, pack, unpack
from cnnkit.kernels.cuda.elementwise.activation import activate, activate_dx, activate_dx_at
from cnnkit.kernels.cuda.elementwise.pointwise import (
    add,
    clip,
    divide,
    equal,
    exp,
    log,
    maximum,
    minimum,
    multiply,
    negate,
    softplus,
    sqrt,
    subtract,
    where,
)
from cnnkit.kernels.cuda.elementwise.random import count_up, dropout, uniform
from cnnkit.kernels.cuda.elementwise.update import adam, ema, scale, sgd
from cnnkit.kernels.cuda.graph.crf import crf_graph, crf_messages
from cnnkit.kernels.cuda.judged import all_finite, clip_norm, square_sum
from cnnkit.kernels.cuda.lacking import LACKING
from cnnkit.kernels.cuda.machine.again import program, roundtrip
from cnnkit.kernels.cuda.machine.array import DeviceArray
from cnnkit.kernels.cuda.machine.home import (
    channels,
    copy,
    copy_into,
    empty,
    facts,
    fetch,
    fetch_later,
    prepare,
    put,
    same_memory,
    shapes_only,
    zeros,
)
from cnnkit.kernels.cuda.machine.launch import chip
from cnnkit.kernels.cuda.matmul import dense, dense_dw, dense_dx
from cnnkit.kernels.cuda.norm.batch import batch_norm, batch_norm_dx, batch_norm_frozen
from cnnkit.kernels.cuda.norm.lrn import local_response_norm, local_response_norm_dx
from cnnkit.kernels.cuda.pool.adaptive import (
    adaptive_avg_pool2d,
    adaptive_avg_pool2d_dx,
    adaptive_max_pool2d,
    adaptive_max_pool2d_dx,
)
from cnnkit.kernels.cuda.pool.window import avg_pool2d, avg_pool2d_dx, max_pool2d, max_pool2d_dx
from cnnkit.kernels.cuda.recurrent.dx import gru_dx
from cnnkit.kernels.cuda.recurrent.gru import gru
from cnnkit.kernels.cuda.reduce import max_over, mean_over, sum_over
from cnnkit.kernels.cuda.shape.channels import channel_shuffle, pick_channels, scale_channels, scale_channels_dx
from cnnkit.kernels.cuda.shape.move import concat, pad, permute, slice, slice_dx
from cnnkit.kernels.cuda.shape.resize import resize, resize_dx
from cnnkit.kernels.cuda.softmax.cross_entropy import cross_entropy, cross_entropy_dx
from cnnkit.kernels.cuda.softmax.rows import log_softmax, log_softmax_dx, softmax, softmax_dx
from cnnkit.kernels.shared import homes

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
    "batch_norm_frozen",
    "box_iou",
    "channel_shuffle",
    "channels",
    "clip",
    "clip_norm",
    "concat",
    "conv2d",
    "conv2d_dw",
    "conv2d_dx",
    "conv2d_dx_dw",
    "conv_transpose2d",
    "copy",
    "copy_into",
    "count_up",
    "crf_graph",
    "crf_messages",
    "cross_entropy",
    "cross_entropy_dx",
    "dense",
    "dense_dw",
    "dense_dx",
    "divide",
    "dropout",
    "ema",
    "empty",
    "equal",
    "exp",
    "facts",
    "fetch",
    "gru",
    "gru_dx",
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
    "pick_channels",
    "prepare",
    "program",
    "put",
    "resize",
    "resize_dx",
    "roi_align",
    "roi_align_dx",
    "roi_pool",
    "roi_pool_dx",
    "roundtrip",
    "same_memory",
    "scale",
    "scale_channels",
    "scale_channels_dx",
    "select",
    "sgd",
    "shapes_only",
    "slice",
    "slice_dx",
    "softmax",
    "softmax_dx",
    "softplus",
    "sqrt",
    "square_sum",
    "subtract",
    "sum_over",
    "uniform",
    "unpack",
    "where",
    "zeros",
]

choose_device, description, begin_fetch = chip.select, chip.description, fetch_later
homes.register("cuda", DeviceArray, sys.modules[__name__])


def __getattr__(name: str) -> Callable[..., Any]:
    """A kernel of the contract that is not written yet: whoever calls it is told so."""
    if name not in LACKING:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def lacking(*args: Any, **options: Any) -> Any:
        raise DeviceError(f"CUDA has no kernel {name!r} yet, which this needs. Use --backend cpu.")

    return lacking
