"""A network of ours rebuilt in torch with the same weights, for `bench --against torch`."""

from __future__ import annotations

from typing import Any

import numpy as np

from cnnkit import nn
from cnnkit.bench.rivals import Work, nchw
from cnnkit.errors import CheckFailed, UsageError
from cnnkit.kernels.shared.array import Array
from cnnkit.ops.window import window


def torch_twin(model: nn.Module, image_shape: tuple[int, ...]) -> Any:
    """The torch Sequential that computes what `model` (a chain of layers) computes on channels-first images."""
    import torch

    layers: list[Any] = []
    flattened: tuple[int, ...] | None = None
    for module, before, _ in model.watched((1, *image_shape)):
        if isinstance(module, nn.Conv2d):
            weight = module.weight.data.transpose(3, 2, 0, 1)
            twin = torch.nn.Conv2d(
                before[3], weight.shape[0], weight.shape[2:], module.stride, _padding(module), groups=module.groups
            )
            layers += [_with(twin, weight, module), *_activation(module)]
        elif isinstance(module, nn.Linear):
            weight = module.weight.data
            if flattened is not None:  # our features lie as (H, W, C), torch's as (C, H, W)
                weight = weight.reshape(*flattened, -1).transpose(2, 0, 1, 3).reshape(weight.shape)
                flattened = None
            layers += [_with(torch.nn.Linear(*weight.shape), weight.T, module), *_activation(module)]
        elif isinstance(module, nn.MaxPool2d):
            layers.append(torch.nn.MaxPool2d(module.kernel_size, module.stride))
        elif isinstance(module, nn.AvgPool2d):
            layers.append(torch.nn.AvgPool2d(module.kernel_size, module.stride))
        elif isinstance(module, nn.Flatten):
            flattened = before[1:]
            layers.append(torch.nn.Flatten())
        elif isinstance(module, nn.ReLU):
            layers.append(torch.nn.ReLU())
        elif not isinstance(module, nn.Dropout):
            raise UsageError(f"No torch counterpart is known for {type(module).__name__}.")
    return torch.nn.Sequential(*layers)


def _padding(module: nn.Conv2d) -> tuple[int, int]:
    win = window(module.stride, module.padding, module.dilation)
    if (win.pad_top, win.pad_left) != (win.pad_bottom, win.pad_right):
        raise UsageError(f"torch has no convolution with padding {module.padding}.")
    return win.pad_top, win.pad_left


def _with(twin: Any, weight: Array, module: Any) -> Any:
    import torch

    with torch.no_grad():
        twin.weight.copy_(torch.from_numpy(np.ascontiguousarray(weight)))
        twin.bias.copy_(torch.from_numpy(np.array(module.bias.data)))
    return twin


def _activation(module: Any) -> list[Any]:
    import torch

    known: dict[str, list[Any]] = {"identity": [], "relu": [torch.nn.ReLU()]}
    return known[module.activation]


def _layouts(model: nn.Module, x: Array, threads: int) -> list[tuple[Any, Any]]:
    import torch

    torch.set_num_threads(threads)
    last = torch.channels_last
    images = torch.from_numpy(nchw(x))
    twins = [torch_twin(model, x.shape[1:]) for _ in range(2)]
    return [(twins[0], images), (twins[1].to(memory_format=last), images.contiguous(memory_format=last))]


def torch_train(model: nn.Module, x: Array, labels: Array, lr: float, momentum: float, threads: int) -> list[Work]:
    """A training step in each memory layout, its first loss compared with ours."""
    import torch

    from cnnkit.ops import cross_entropy

    wanted = cross_entropy(model(x), labels).item()
    target = torch.from_numpy(labels)

    def work(twin: Any, images: Any) -> Work:
        optimiser = torch.optim.SGD(twin.parameters(), lr=lr, momentum=momentum)

        def step() -> float:
            optimiser.zero_grad()
            loss = torch.nn.functional.cross_entropy(twin(images), target)
            loss.backward()
            optimiser.step()
            return float(loss.detach())

        first = step()
        if not abs(first - wanted) <= 1e-4 * abs(wanted):
            raise CheckFailed(f"torch's loss is {first:.6g} and ours {wanted:.6g}: not the same work.")
        return step

    return [work(twin, images) for twin, images in _layouts(model, x, threads)]


def torch_predict(model: nn.Module, x: Array, wanted: Array, threads: int) -> list[Work]:
    """Prediction in each memory layout, its logits compared with ours."""
    import torch

    def work(twin: Any, images: Any) -> Work:
        def predict() -> Any:
            with torch.inference_mode():
                return twin(images)

        error = float(np.abs(predict().numpy() - wanted).max())
        if not error <= 1e-4 * float(np.abs(wanted).max()):
            raise CheckFailed(f"torch's logits differ from ours by {error:.2g}: not the same work.")
        return predict

    return [work(twin, images) for twin, images in _layouts(model, x, threads)]
