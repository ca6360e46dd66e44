"""The fast kernels: float32, explicit vectors, many threads. Names and meanings are those of `reference`.

conv/, matmul.py    convolutions and the dense layer       pool/         max and average pools
norm/, softmax/     normalisation, softmax and its loss    elementwise/  arithmetic, activations, optimisers
boxes/              overlaps, suppression, regions pooled  shape/       elements moved about, images resized
reduce.py, sums.py  sums, means, maxima                    epilogue.py  bias and activation before the store
graph/              segments, regions, the CRF's lattice   recurrent/    gated recurrent units
simd/               vectors                                machine/     threads, memory, compiler, home
"""

from cnnkit.kernels.cpu.boxes.iou import box_iou
from cnnkit.kernels.cpu.boxes.roi_align import roi_align, roi_align_dx
from cnnkit.kernels.cpu.boxes.roi_pool import roi_pool, roi_pool_dx
from cnnkit.kernels.cpu.boxes.select import select
from cnnkit.kernels.cpu.conv.conv import conv2d, conv2d_dw, conv2d_dx, conv2d_dx_dw, conv_transpose2d, pack, unpack
from cnnkit.kernels.cpu.elementwise.activation import activate, activate_dx, activate_dx_at
from cnnkit.kernels.cpu.elementwise.pointwise import (
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
)
from cnnkit.kernels.cpu.elementwise.random import count_up, dropout, uniform
from cnnkit.kernels.cpu.elementwise.update import adam, all_finite, clip_norm, ema, scale, sgd, square_sum
from cnnkit.kernels.cpu.elementwise.where import where
from cnnkit.kernels.cpu.graph import crf_graph, crf_messages, group_regions, region_histograms, segment
from cnnkit.kernels.cpu.machine.home import (
    channels,
    copy,
    copy_into,
    empty,
    facts,
    fetch,
    prepare,
    program,
    put,
    roundtrip,
    same_memory,
    shapes_only,
    zeros,
)
from cnnkit.kernels.cpu.matmul import dense, dense_dw, dense_dx
from cnnkit.kernels.cpu.norm.channels import channel_shuffle, pick_channels, scale_channels, scale_channels_dx
from cnnkit.kernels.cpu.norm.lrn import local_response_norm, local_response_norm_dx
from cnnkit.kernels.cpu.norm.norm import batch_norm, batch_norm_dx, batch_norm_frozen
from cnnkit.kernels.cpu.pool.pool import (
    adaptive_avg_pool2d,
    adaptive_avg_pool2d_dx,
    adaptive_max_pool2d,
    adaptive_max_pool2d_dx,
    avg_pool2d,
    avg_pool2d_dx,
    max_pool2d,
    max_pool2d_dx,
)
from cnnkit.kernels.cpu.recurrent.dx import gru_dx
from cnnkit.kernels.cpu.recurrent.gru import gru
from cnnkit.kernels.cpu.reduce import max_over, mean_over, sum_over
from cnnkit.kernels.cpu.shape.move import concat, pad, permute, slice, slice_dx
from cnnkit.kernels.cpu.shape.resize import resize, resize_dx
from cnnkit.kernels.cpu.softmax.cross_entropy import cross_entropy, cross_entropy_dx
from cnnkit.kernels.cpu.softmax.rows import log_softmax, log_softmax_dx, softmax, softmax_dx

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
    "equal",
    "empty",
    "exp",
    "facts",
    "fetch",
    "group_regions",
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
    "region_histograms",
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
    "segment",
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
