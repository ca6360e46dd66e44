"""Differentiable functions on Tensors. Shapes are checked here, and only here."""

from cnnkit.ops.activation import (
    activate,
    hard_sigmoid,
    hard_swish,
    leaky_relu,
    log_softmax,
    relu,
    relu6,
    sigmoid,
    softmax,
    swish,
    tanh,
)
from cnnkit.ops.arithmetic import add, divide, exp, log, matmul, maximum, minimum, multiply, negate, sqrt, subtract
from cnnkit.ops.boxes import box_iou, roi_align, roi_pool, select
from cnnkit.ops.choice import clip, where
from cnnkit.ops.conv.conv import conv2d
from cnnkit.ops.conv.transpose import conv_transpose2d
from cnnkit.ops.dropout import dropout
from cnnkit.ops.gru import gru
from cnnkit.ops.linear import linear
from cnnkit.ops.loss import (
    binary_cross_entropy,
    cross_entropy,
    dice_loss,
    focal_loss,
    giou_loss,
    sigmoid_focal_loss,
    smooth_l1_loss,
)
from cnnkit.ops.norm import batch_norm, batch_norm_frozen, local_response_norm, scale_channels
from cnnkit.ops.pool import (
    adaptive_avg_pool2d,
    adaptive_max_pool2d,
    avg_pool2d,
    global_avg_pool2d,
    global_max_pool2d,
    max_pool2d,
)
from cnnkit.ops.reduce import max, mean, sum
from cnnkit.ops.shape import channel_shuffle, concat, flatten, pad, permute, reshape, resize, slice, split
from cnnkit.ops.window import window

__all__ = [
    "activate",
    "adaptive_avg_pool2d",
    "adaptive_max_pool2d",
    "add",
    "avg_pool2d",
    "batch_norm",
    "batch_norm_frozen",
    "binary_cross_entropy",
    "box_iou",
    "channel_shuffle",
    "clip",
    "concat",
    "conv2d",
    "conv_transpose2d",
    "cross_entropy",
    "dice_loss",
    "divide",
    "dropout",
    "exp",
    "flatten",
    "focal_loss",
    "giou_loss",
    "global_avg_pool2d",
    "global_max_pool2d",
    "gru",
    "hard_sigmoid",
    "hard_swish",
    "leaky_relu",
    "linear",
    "local_response_norm",
    "log",
    "log_softmax",
    "matmul",
    "max",
    "max_pool2d",
    "maximum",
    "mean",
    "minimum",
    "multiply",
    "negate",
    "pad",
    "permute",
    "relu",
    "relu6",
    "reshape",
    "resize",
    "roi_align",
    "roi_pool",
    "scale_channels",
    "select",
    "sigmoid",
    "sigmoid_focal_loss",
    "slice",
    "split",
    "smooth_l1_loss",
    "softmax",
    "sqrt",
    "subtract",
    "sum",
    "swish",
    "tanh",
    "where",
    "window",
]
