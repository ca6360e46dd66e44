"""Reverse-mode differentiation: Tensor, Function, and the tape between them."""

from cnnkit.autograd.function import Call, Context, Function, is_noting, noting, traced
from cnnkit.autograd.gradcheck import gradcheck
from cnnkit.autograd.tape import is_recording, no_grad
from cnnkit.autograd.tensor import Tensor

__all__ = [
    "Call",
    "Context",
    "Function",
    "Tensor",
    "gradcheck",
    "is_noting",
    "is_recording",
    "no_grad",
    "noting",
    "traced",
]
