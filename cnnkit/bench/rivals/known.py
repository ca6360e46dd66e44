"""The libraries that `bench` can compare with, and what makes that fair."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from cnnkit import kernels
from cnnkit.errors import CheckFailed
from cnnkit.kernels.shared.array import Array, Host

NAMES = ("torch", "onnxruntime", "openvino")
# torch is to be started with these, so that it reuses memory as we do: with glibc's defaults its large results are
# mapped anew and page-faulted at every call, 18 ms for a convolution of 2.5.
FAIR_ENVIRONMENT = {"MALLOC_MMAP_THRESHOLD_": "4000000000", "MALLOC_TRIM_THRESHOLD_": "8000000000"}
Work = Callable[[], Any]


def available(name: str) -> bool:
    """Is the library installed here?"""
    return importlib.util.find_spec(name) is not None


def tensor(a: Array) -> Any:
    """torch's view of the numbers; a copy on the device that new arrays of ours go to, if they go to one."""
    import torch

    found = torch.from_numpy(a if isinstance(a, np.ndarray) else kernels.of(a).fetch(a))
    return found.to(place())


def place() -> str:
    """torch's name of where it works beside ours: the device that was asked for, or this machine."""
    if kernels.backend() != "cuda":
        return "cpu"
    from cnnkit.kernels.cuda.machine.launch import chip

    return f"cuda:{chip.selected()}"


def as_precise() -> bool:
    """Let torch compute on its device as exactly as cnnkit does, by its fastest algorithms; whether there is one."""
    import torch

    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = kernels.precision() == "tf32"
    torch.backends.cudnn.benchmark = True
    return bool(torch.cuda.is_available())


def nchw(a: Host) -> Host:
    """(N, H, W, C) or (KH, KW, C, O) in the order of the channels-first libraries."""
    return np.ascontiguousarray(a.transpose(0, 3, 1, 2))


def refuse_other_work(name: str, found: Sequence[Host], wanted: Sequence[Host]) -> None:
    """CheckFailed where results of another library, channels-first, differ from ours by more than rounding."""
    for theirs, ours in zip(found, wanted, strict=True):
        error = float(np.abs(theirs - (nchw(ours) if ours.ndim == 4 else ours)).max())
        if not error <= (1e-2 if kernels.precision() == "tf32" else 1e-4) * float(np.abs(ours).max()):
            raise CheckFailed(f"What {name} tells differs from what ours does by {error:.2g}: not the same work.")
