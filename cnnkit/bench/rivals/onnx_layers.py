"""A single convolution as an ONNX file, for libraries that run such files."""

from __future__ import annotations

import numpy as np

from cnnkit import nn
from cnnkit.bench.rivals.known import Work, nchw
from cnnkit.bench.rivals.onnx_sessions import SESSIONS, file_of
from cnnkit.kernels.shared.array import Host


def onnx_conv(
    library: str, x: Host, w: Host, stride: int, pad: int, dilation: int, groups: int, threads: int
) -> list[Work]:
    KH, _, _, O = w.shape
    layer = nn.Conv2d(x.shape[3], O, KH, stride=stride, padding=pad, dilation=dilation, groups=groups, bias=False)
    np.copyto(layer.weight.numpy(), w)
    return [SESSIONS[library](file_of(layer, x.shape), {"x": nchw(x)}, threads)]
