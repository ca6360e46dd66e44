"""Kernels: arrays in, arrays out. `of(x)` is the package that can work on x where it lies; `use` chooses for a while.

    k = kernels.of(x)
    y = k.conv2d(x, w, Window(), bias=b, activation=RELU)

float64 arrays run on `reference`, the definitions; float32 arrays on `cpu` unless `use(backend=...)` says else.
`use(precision="exact")` has convolutions computed as plain sums, without Winograd, whose results err twice as much.
"""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from importlib import import_module
from types import ModuleType
from typing import Any

from cnnkit.config import BACKENDS, PRECISIONS, default_backend
from cnnkit.errors import DeviceError, UsageError
from cnnkit.kernels.shared.precision import choose, precision

# What a caller needs beside the kernels themselves, looked up when asked for (PEP 562): numba is slow to import.
_LAZY = {
    "Window": "cnnkit.kernels.shared.geometry",
    "output_hw": "cnnkit.kernels.shared.geometry",
    "Activation": "cnnkit.kernels.shared.scalar",
    "ACTIVATIONS": "cnnkit.kernels.shared.scalar",
    "HARD_SIGMOID": "cnnkit.kernels.shared.scalar",
    "HARD_SWISH": "cnnkit.kernels.shared.scalar",
    "IDENTITY": "cnnkit.kernels.shared.scalar",
    "RELU": "cnnkit.kernels.shared.scalar",
    "RELU6": "cnnkit.kernels.shared.scalar",
    "SIGMOID": "cnnkit.kernels.shared.scalar",
    "SWISH": "cnnkit.kernels.shared.scalar",
    "leaky": "cnnkit.kernels.shared.scalar",
}

__all__ = ["backend", "of", "precision", "shapes_only", "use", *_LAZY]

# One choice for the process, as with the thread count: the loader's threads must see what the command chose.
_chosen: str | None = None


def of(*arrays: Any) -> ModuleType:
    """The package of kernels for these arrays: `reference` if one of them is float64 or was chosen, else `cpu`."""
    doubles = any(getattr(array, "dtype", None) == "float64" for array in arrays)
    name = "reference" if doubles else backend()
    return import_module(f"cnnkit.kernels.{name}")


def backend() -> str:
    """Where float32 arrays run now: "cpu" or "reference"."""
    return _resolve(_chosen or default_backend())


@contextmanager
def use(backend: str | None = None, threads: int | None = None, precision: str | None = None) -> Iterator[None]:
    """Choose backend, thread count and precision until the block ends; None leaves a choice as it is.

    Args:
        backend: "auto", "cpu", "reference" or "cuda".
        threads: how many compute; never changes a result.
        precision: "fast", or "exact" for float32 convolutions that are plain sums (see shared/precision.py).
    """
    global _chosen
    if precision is not None and precision not in PRECISIONS:
        raise UsageError(f"precision is {precision!r}, expected one of {', '.join(PRECISIONS)}.")
    before = _chosen
    if backend is not None:
        _resolve(backend)
        _chosen = backend
    try:
        with _precision(precision), _threads(threads):
            yield
    finally:
        _chosen = before


@contextmanager
def shapes_only() -> Iterator[None]:
    """Inside, `cpu` kernels give results of the right shape and unspecified content: a way to walk through a net."""
    with import_module("cnnkit.kernels.cpu.machine.jit").rehearse() if backend() == "cpu" else nullcontext():
        yield


@contextmanager
def _precision(name: str | None) -> Iterator[None]:
    if name is None:
        yield
        return
    before = choose(name)
    try:
        yield
    finally:
        choose(before)


@contextmanager
def _threads(count: int | None) -> Iterator[None]:
    if count is None:
        yield
        return
    threads = import_module("cnnkit.kernels.cpu.machine.threads")
    before = threads.get_threads()
    threads.set_threads(count)
    try:
        yield
    finally:
        threads.set_threads(before)


def _resolve(name: str) -> str:
    if name not in BACKENDS:
        raise UsageError(f"There is no backend {name!r}, expected one of {', '.join(BACKENDS)}.")
    if name == "cuda":
        raise DeviceError("This version has no CUDA kernels yet; they will come as cnnkit[cuda]. Use --backend cpu.")
    return "cpu" if name == "auto" else name


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LAZY[name]), name)
