"""What a step is: its kind, what decides its arithmetic, the activation that ends it, the products that it sums up."""

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from cnnkit.autograd import Tensor
from cnnkit.engine.explain.walk import Step
from cnnkit.kernels.shared.geometry import Window
from cnnkit.kernels.shared.scalar import ACTIVATIONS, IDENTITY_KIND, LEAKY_KIND, Activation

# Where a Function that may end in an activation is given it.
ACTIVATION_AT = {
    "_Conv2d": 6,
    "_ConvTranspose2d": 6,
    "Linear": 3,
    "_BatchNormFrozen": 7,
    "_Activate": 1,
    "_ActivateAt": 1,
}
_NAMES = {activation.kind: name for name, activation in ACTIVATIONS.items()}


class Kind(NamedTuple):
    """kind, settings, multiply_adds: as a Station has them."""

    kind: str
    settings: Mapping[str, Any] = {}
    multiply_adds: int = 0


def kind_of(step: Step) -> Kind:
    """A Function that is not known is "other"."""
    return _KINDS.get(step.name, _other)(step)


def activation_of(step: Step) -> tuple[str | None, float]:
    """(the name of the function that ends a step, its slope if it is a leaky relu)."""
    at = ACTIVATION_AT.get(step.name)
    if at is None:
        return None, 0.0
    activation: Activation = step.args[at]
    if activation.kind == IDENTITY_KIND:
        return None, 0.0
    return _NAMES[activation.kind], activation.slope if activation.kind == LEAKY_KIND else 0.0


def _other(step: Step) -> Kind:
    return Kind("other")


def _plain(kind: str) -> Callable[[Step], Kind]:
    return lambda step: Kind(kind)


def _sliding(win: Window, kernel: tuple[int, int]) -> dict[str, Any]:
    return {
        "kernel": (int(kernel[0]), int(kernel[1])),
        "stride": (win.stride_h, win.stride_w),
        "padding": (win.pad_top, win.pad_bottom, win.pad_left, win.pad_right),
        "dilation": (win.dilation_h, win.dilation_w),
    }


def _conv(step: Step) -> Kind:
    x, w, bias, residual, win, groups, _ = step.args
    KH, KW, CG, O = w.shape
    kind = "depthwise conv" if groups == x.shape[-1] > 1 and CG == 1 else "conv"
    settings = _sliding(win, (KH, KW)) | {"groups": groups, "filters": O}
    settings |= {"bias": bias is not None, "residual": residual is not None}
    return Kind(kind, settings, math.prod(step.result.shape) * KH * KW * CG)


def _transposed(step: Step) -> Kind:
    x, w, bias, _, win, groups, _ = step.args
    KH, KW, OG, _ = w.shape
    settings = _sliding(win, (KH, KW)) | {"groups": groups, "filters": OG * groups}
    settings |= {"bias": bias is not None, "residual": False}
    return Kind("transposed conv", settings, math.prod(x.shape) * KH * KW * OG)


def _dense(step: Step) -> Kind:
    x, w, bias, _ = step.args
    return Kind("dense", {"bias": bias is not None}, x.shape[0] * math.prod(w.shape))


def _norm(step: Step) -> Kind:
    return Kind("batch norm", {"eps": step.args[6], "residual": step.args[3] is not None})


def _response(step: Step) -> Kind:
    return Kind("local response norm", dict(zip(("size", "alpha", "beta", "k"), step.args[1:], strict=True)))


def _window_pool(kind: str) -> Callable[[Step], Kind]:
    def described(step: Step) -> Kind:
        _, kernel, win, *counted = step.args
        return Kind(kind, _sliding(win, kernel) | ({"count_padding": counted[0]} if counted else {}))

    return described


def _bins(kind: str) -> Callable[[Step], Kind]:
    def described(step: Step) -> Kind:
        size = tuple(step.args[1])
        return Kind(f"global {kind}") if size == (1, 1) else Kind(kind, {"bins": size})

    return described


def _concat(step: Step) -> Kind:
    axis, *xs = step.args
    return Kind("concat", {"axis": axis - step.result.ndim, "sizes": tuple(x.shape[axis] for x in xs)})


def _split(step: Step) -> Kind:
    x, axis, sizes = step.args
    return Kind("split", {"axis": axis - x.ndim, "part": step.part, "begin": sum(sizes[: step.part])})


def _reshape(step: Step) -> Kind:
    x: Tensor = step.args[0]
    return Kind("flatten" if x.ndim > 2 == step.result.ndim and x.shape[0] == step.result.shape[0] else "reshape")


def _settings(kind: str, *names: str) -> Callable[[Step], Kind]:
    return lambda step: Kind(kind, dict(zip(names, step.args[1:], strict=False)))


def _resize(step: Step) -> Kind:
    _, size, nearest, align_corners = step.args
    mode = "nearest" if nearest else "bilinear"
    return Kind("resize", {"size": tuple(size), "mode": mode, "align_corners": align_corners})


def _recurrent(step: Step) -> Kind:
    p, w, _, axis = step.args
    D, U, _ = w.shape
    return Kind("recurrent", {"axis": axis, "directions": D, "units": U}, math.prod(p.shape[:3]) * math.prod(w.shape))


_KINDS: dict[str, Callable[[Step], Kind]] = {
    "_Conv2d": _conv,
    "_ConvTranspose2d": _transposed,
    "Linear": _dense,
    "_BatchNormFrozen": _norm,
    "_LocalResponseNorm": _response,
    "_Activate": _plain("activation"),
    "_ActivateAt": _plain("activation"),
    "_MaxPool2d": _window_pool("max pool"),
    "_AvgPool2d": _window_pool("average pool"),
    "_AdaptiveMaxPool2d": _bins("max pool"),
    "_AdaptiveAvgPool2d": _bins("average pool"),
    "_Add": _plain("add"),
    "_Subtract": _plain("subtract"),
    "_Multiply": _plain("multiply"),
    "_Divide": _plain("divide"),
    "_Maximum": _plain("greater"),
    "_Minimum": _plain("lesser"),
    "_ScaleChannels": _plain("scale channels"),
    "_Concat": _concat,
    "_Split": _split,
    "_Slice": _settings("crop", "begin", "end", "step"),
    "_Pad": _settings("pad", "widths", "value"),
    "_Reshape": _reshape,
    "_Permute": _settings("permute", "axes"),
    "_ChannelShuffle": _settings("channel shuffle", "groups"),
    "_Resize": _resize,
    "_Softmax": _plain("softmax"),
    "_LogSoftmax": _plain("log softmax"),
    "_Negate": _plain("negate"),
    "_Exp": _plain("exp"),
    "_Log": _plain("log"),
    "_Sqrt": _plain("square root"),
    "_Clip": _settings("clip", "low", "high"),
    "_Where": _plain("choose"),
    "_Sum": _settings("sum", "axes"),
    "_Mean": _settings("mean", "axes"),
    "_Max": _settings("greatest", "axes"),
    "_Gru": _recurrent,
    "_RoiAlign": _plain("regions"),
    "_RoiPool": _plain("regions"),
    "_Select": _plain("best boxes"),
    "Dropout": _plain("dropout"),
}
