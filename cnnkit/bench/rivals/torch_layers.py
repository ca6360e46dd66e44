"""Single layers in torch, for `bench --against torch`."""

from __future__ import annotations

from functools import partial
from typing import Any

from cnnkit.bench.rivals.known import Work, nchw, tensor
from cnnkit.kernels.shared.array import Host


def torch_conv(
    x: Host, w: Host, dy: Host, stride: int, pad: int, dilation: int, groups: int, direction: str, threads: int
) -> list[Work]:
    import torch

    torch.set_num_threads(threads)
    last = torch.channels_last
    first = [tensor(nchw(x)), tensor(w.transpose(3, 2, 0, 1).copy()), tensor(nchw(dy))]
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


def torch_pointwise(name: str, x: Host, dy: Host, half: Host, factors: Host, threads: int) -> list[Work]:
    import torch
    from torch.nn import functional

    torch.set_num_threads(threads)
    aten = torch.ops.aten

    def layout(a: Host, last: bool) -> Any:
        if a.ndim != 4:
            return tensor(a)
        maps = tensor(nchw(a))
        return maps.contiguous(memory_format=torch.channels_last) if last else maps

    def work(last: bool) -> Work:
        a, d, h = (layout(array, last) for array in (x, dy, half))
        s = tensor(factors)
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
            "scale channels": lambda: a * s[:, :, None, None],
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
    one, none = torch.ones(C, device=x.device), torch.zeros(C, device=x.device)
    rows = one, none, none.clone(), one.clone()  # weight, bias, running mean and variance

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
