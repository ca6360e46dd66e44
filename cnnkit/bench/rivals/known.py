"""The libraries that `bench` can compare with, and what makes that fair."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from cnnkit.errors import CheckFailed
from cnnkit.kernels.shared.array import Host

NAMES = ("torch", "onnxruntime", "openvino")
# torch is to be started with these, so that it reuses memory as we do: with glibc's defaults its large results are
# mapped anew and page-faulted at every call, 18 ms for a convolution of 2.5.
FAIR_ENVIRONMENT = {"MALLOC_MMAP_THRESHOLD_": "4000000000", "MALLOC_TRIM_THRESHOLD_": "8000000000"}
Work = Callable[[], Any]


def available(name: str) -> bool:
    """Is the library installed here?"""
    return importlib.util.find_spec(name) is not None


def nchw(a: Host) -> Host:
    """(N, H, W, C) or (KH, KW, C, O) in the order of the channels-first libraries."""
    return np.ascontiguousarray(a.transpose(0, 3, 1, 2))


def refuse_other_work(name: str, found: Sequence[Host], wanted: Sequence[Host]) -> None:
    """CheckFailed where results of another library, channels-first, differ from ours by more than rounding."""
    for theirs, ours in zip(found, wanted, strict=True):
        error = float(np.abs(theirs - (nchw(ours) if ours.ndim == 4 else ours)).max())
        if not error <= 1e-4 * float(np.abs(ours).max()):
            raise CheckFailed(f"What {name} tells differs from what ours does by {error:.2g}: not the same work.")
