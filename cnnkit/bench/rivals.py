"""The same work in other libraries, for `bench --against`; none of them is ever a dependency.

Each function takes the operands of ours and, last, the number of threads, and gives functions to time: one a memory
layout, of which the fastest counts. torch is to be started with `FAIR_ENVIRONMENT`, so that it reuses memory as we do:
with glibc's defaults its large results are mapped anew and page-faulted at every call, 18 ms for a convolution of 2.5.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from cnnkit.kernels.shared.array import Host

NAMES = ("torch", "onnxruntime")
FAIR_ENVIRONMENT = {"MALLOC_MMAP_THRESHOLD_": "4000000000", "MALLOC_TRIM_THRESHOLD_": "8000000000"}
Work = Callable[[], Any]


def available(name: str) -> bool:
    """Is the library installed here? (onnxruntime also wants what writes the models that it runs.)"""
    needs = {"torch": ["torch"], "onnxruntime": ["onnxruntime", "onnx", "onnxscript", "torch"]}[name]
    return all(importlib.util.find_spec(module) is not None for module in needs)


def nchw(a: Host) -> Host:
    """(N, H, W, C) or (KH, KW, C, O) in the order of the channels-first libraries."""
    return np.ascontiguousarray(a.transpose(0, 3, 1, 2))


def torch_conv(
    x: Host, w: Host, dy: Host, stride: int, pad: int, dilation: int, groups: int, direction: str, threads: int
) -> list[Work]:
    import torch

    torch.set_num_threads(threads)
    last = torch.channels_last
    first = [torch.from_numpy(nchw(x)), torch.from_numpy(w.transpose(3, 2, 0, 1).copy()), torch.from_numpy(nchw(dy))]
    layouts = [first, [t.contiguous(memory_format=last) for t in first]]

    def forward(x: Any, w: Any, dy: Any) -> Any:
        with torch.no_grad():
            return torch.nn.functional.conv2d(x, w, None, stride, pad, dilation, groups)

    def backward(x: Any, w: Any, dy: Any) -> Any:
        mask = [direction == "dx", direction == "dw", False]
        return torch.ops.aten.convolution_backward(
            dy, x, w, None, [stride] * 2, [pad] * 2, [dilation] * 2, False, [0, 0], groups, mask
        )

    work = forward if direction == "forward" else backward
    return [partial(work, *layout) for layout in layouts]


def onnxruntime_conv(x: Host, w: Host, stride: int, pad: int, dilation: int, groups: int, threads: int) -> list[Work]:
    import onnx
    from onnx import TensorProto, helper

    weights = np.ascontiguousarray(w.transpose(3, 2, 0, 1))
    places = {"pads": [pad] * 4, "strides": [stride] * 2, "dilations": [dilation] * 2}
    node = helper.make_node("Conv", ["x", "w"], ["y"], group=groups, **places)
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, nchw(x).shape)]
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)]
    graph = helper.make_graph([node], "conv", inputs, outputs, [onnx.numpy_helper.from_array(weights, "w")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version = 9
    return [onnxruntime_session(model.SerializeToString(), {"x": nchw(x)}, threads)]


def onnxruntime_session(model: bytes | str, feed: dict[str, Host], threads: int) -> Work:
    """model: the file, or what it holds.   feed: by the names of its inputs."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    return lambda: session.run(None, feed)


def torch_pointwise(name: str, x: Host, dy: Host, half: Host, factors: Host, threads: int) -> list[Work]:
    import torch
    from torch.nn import functional

    torch.set_num_threads(threads)
    aten = torch.ops.aten

    def layout(a: Host, last: bool) -> Any:
        if a.ndim != 4:
            return torch.from_numpy(a)
        tensor = torch.from_numpy(nchw(a))
        return tensor.contiguous(memory_format=torch.channels_last) if last else tensor

    def work(last: bool) -> Work:
        a, d, h = (layout(array, last) for array in (x, dy, half))
        if name.startswith("batch norm"):
            return torch_batch_norm(a, d, residual="residual" in name, gradient="gradient" in name)
        if name == "max pool 2x2 gradient":
            _, where = functional.max_pool2d(a, 2, return_indices=True)
            return lambda: aten.max_pool2d_with_indices_backward(h, a, [2, 2], [2, 2], [0, 0], [1, 1], False, where)
        runs: dict[str, Work] = {
            "relu": lambda: torch.relu(a),
            "relu gradient": lambda: aten.threshold_backward(d, a, 0),
            "max pool 2x2": lambda: functional.max_pool2d(a, 2, return_indices=True),
            "average pool 2x2": lambda: functional.avg_pool2d(a, 2),
            "hard swish": lambda: functional.hardswish(a),
            "scale channels": lambda: a * torch.from_numpy(factors)[:, :, None, None],
            "channel shuffle": lambda: functional.channel_shuffle(a, 2),
            "add": lambda: a + d,
            "softmax": lambda: torch.softmax(a, -1),
        }
        return runs[name]

    return [work(False), work(True)] if x.ndim == 4 else [work(False)]


def torch_batch_norm(x: Any, dy: Any, *, residual: bool, gradient: bool) -> Work:
    """relu(batch norm + residual) in training, in place where PyTorch can; or its way back, by all operands."""
    import torch

    aten, C = torch.ops.aten, x.shape[1]
    rows = torch.ones(C), torch.zeros(C), torch.zeros(C), torch.ones(C)  # weight, bias, running mean and variance

    def forward() -> Any:
        with torch.no_grad():
            y = torch.nn.functional.batch_norm(x, rows[2], rows[3], rows[0], rows[1], training=True)
            return (y.add_(dy) if residual else y).relu_()

    y = forward()
    _, mean, rstd = aten.native_batch_norm(x, *rows, True, 0.1, 1e-5)

    def backward() -> Any:
        dz = aten.threshold_backward(dy, y, 0)
        return aten.native_batch_norm_backward(dz, x, rows[0], rows[2], rows[3], mean, rstd, True, 1e-5, [True] * 3)

    return backward if gradient else forward
