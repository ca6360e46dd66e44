"""Layouts of published weights are turned to ours here, and nowhere else.

    convolution     OIHW  (O, C/groups, KH, KW)  → (KH, KW, C/groups, O); a depthwise one is the case C/groups = 1
    depthwise       Keras (KH, KW, C, M)         → (KH, KW, 1, C·M)
    dense           (O, I) → (I, O); behind a flatten of (C, H, W) its inputs are reordered to (H, W, C)
    1x1 and dense   are one thing: each takes the other's array

Channels-last files (kernel, depthwise_kernel) have all else as ours.
"""

from cnnkit.kernels.shared.array import Array
from cnnkit.models.renames import Named, leaf
from cnnkit.nn import Flatten, Linear, Module
from cnnkit.nn.module import computes_as

Shape = tuple[int, ...]


def turned(ours: str, named: Named, shape: Shape | None = None) -> Array:
    """A view of a published array in our layout, but for the order of inputs `behind_flatten`.

    shape: of our parameter, which tells a dense layer from a 1x1 convolution.
    """
    array = named.array
    match leaf(named.published):
        case "kernel":
            pass
        case "depthwise_kernel" if array.ndim == 4:
            array = array.reshape(*array.shape[:2], 1, -1)
        case _ if leaf(ours) == "weight" and array.ndim == 4:
            array = array.transpose(2, 3, 1, 0)
        case _ if leaf(ours) == "weight" and array.ndim == 2:
            array = array.T
    return array if shape is None else _as_dense_or_1x1(array, shape)


def behind_flatten(array: Array, named: Named, flat: Shape) -> Array:
    """A dense layer's (I, O), as `turned` gives it, with its inputs in the order of a flattened (H, W, C)."""
    if leaf(named.published) == "kernel":
        return array
    H, W, C = flat
    return array.reshape(C, H, W, -1).transpose(1, 2, 0, 3).reshape(H * W * C, -1)


def flattened(module: Module, x_shape: Shape) -> dict[str, Shape]:
    """The (H, W, C) before each dense layer that follows a Flatten, by the name of its weight."""
    if not any(computes_as(layer, Flatten) for layer in module.modules()):
        return {}
    names = {id(layer): name for name, layer in module.named_modules()}
    found: dict[str, Shape] = {}
    before: Shape | None = None
    for layer, taken, _ in module.watched(x_shape, auxiliary=True):
        if computes_as(layer, Flatten):
            before = taken[1:]
        elif computes_as(layer, Linear):
            if before is not None and len(before) == 3:
                found[f"{names[id(layer)]}.weight"] = before
            before = None
    return found


def _as_dense_or_1x1(array: Array, shape: Shape) -> Array:
    if array.ndim == 2 and len(shape) == 4 and shape[:2] == (1, 1):
        return array.reshape(1, 1, *array.shape)
    if array.ndim == 4 and len(shape) == 2 and array.shape[:2] == (1, 1):
        return array.reshape(array.shape[2:])
    return array
