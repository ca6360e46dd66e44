"""Kernels: arrays in, arrays out. `of(x)` is the package that can work on x where it lies; `use` chooses for a while.

    k = kernels.of(x)
    y = k.conv2d(x, w, Window(), bias=b, activation=RELU)
    k = kernels.home()                       # where new arrays go
    x = k.put(numpy_array)
    numpy_array = k.fetch(x)

NumPy's float64 arrays run on `reference`, the definitions; its float32 arrays on `cpu` unless `use(backend=...)` says
else; an array of a device's own class (`shared/homes.py`) on that device.
`use(precision="exact")` has convolutions computed as plain sums, without Winograd, whose results err twice as much;
`use(backend="cuda", precision="tf32")` has them computed by tensor cores, where a chip has such for TF32.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from importlib import import_module
from types import ModuleType
from typing import Any

from cnnkit.config import BACKENDS, PRECISIONS, default_backend, is_backend
from cnnkit.errors import DeviceError, UsageError
from cnnkit.kernels.shared import devices, homes
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
    "TANH": "cnnkit.kernels.shared.scalar",
    "leaky": "cnnkit.kernels.shared.scalar",
}

__all__ = ["backend", "cuda_device", "home", "of", "is_walking", "later", "precision", "shapes_only", "use", *_LAZY]

# One choice for the process, as with the thread count: the loader's threads must see what the command chose.
_chosen: str | None = None
# The CUDA device of this process, as it was last asked for: "cuda:1".
_device: str | None = None
# The kernels for NumPy's arrays, once they were asked for: numba is slow to import.
_loaded: dict[str, ModuleType] = {}


def of(*arrays: Any) -> Any:
    """The package of kernels for these arrays: their device's; for NumPy's `reference` if one is float64, else `cpu`.

    What is no array (None, a number) has no say.

    Raises:
        DeviceError: they are of two homes.
    """
    device, host, doubles = None, False, False
    for array in arrays:
        found = homes.OF_CLASS.get(type(array))
        if found is not None:
            if device is not None and device is not found:
                raise _two_homes(arrays)
            device = found
        elif (dtype := getattr(array, "dtype", None)) is not None:
            host = True
            if dtype.char == "d":
                doubles = True
    if device is None:
        return _of_host("reference" if doubles else _host_name())
    if host:
        raise _two_homes(arrays)
    return device


def home() -> Any:
    """The package of kernels where new arrays go: the one chosen by `use`, else `cpu`."""
    name = backend()
    return homes.NAMED[name] if name in homes.NAMED else _of_host(name)


def backend() -> str:
    """The name of `home`: "cpu", "reference", or that of a device."""
    return _chosen or _resolve(default_backend())


@contextmanager
def use(backend: str | None = None, threads: int | None = None, precision: str | None = None) -> Iterator[None]:
    """Choose backend, thread count and precision until the block ends; None leaves a choice as it is.

    Of CUDA's devices the one that was chosen before comes back too; where none was, the last one stays, for arrays that
    lie there.

    Args:
        backend: where new arrays go: "auto", "cpu", "reference", "cuda", or "cuda:1" for the second device.
        threads: how many compute; never changes a result.
        precision: "fast", or "exact" for float32 convolutions that are plain sums (see shared/precision.py), or "tf32",
            by which CUDA's tensor cores multiply for convolutions and dense layers; UsageError on other backends.
    """
    global _chosen
    if precision is not None and precision not in PRECISIONS:
        raise UsageError(f"precision is {precision!r}, expected one of {', '.join(PRECISIONS)}.")
    before, device = _chosen, _device
    if backend is not None:
        _chosen = _resolve(backend)
    try:
        with _precision(precision), _threads(threads):
            yield
    finally:
        _chosen = before
        if device is not None:
            _resolve(device)


def cuda_device() -> str:
    """The CUDA device that was chosen, else the first, in a line; DeviceError where none can be used."""
    if _device is None:
        _resolve("cuda")
    description: str = homes.NAMED["cuda"].description()
    return description


def later(array: Any) -> Callable[[], Any]:
    """`fetch`, to be called when the numbers are wanted: where an array lies on a device they are sent for now.

    Who calls it waits for them alone, not for what the device was given to do since.
    """
    k = of(array)
    begin: Callable[[Any], Callable[[], Any]] | None = getattr(k, "begin_fetch", None)
    return partial(k.fetch, array) if begin is None else begin(array)


@contextmanager
def shapes_only() -> Iterator[None]:
    """Inside, kernels of `home` give results of the right shape and unspecified content: a way to walk through a net.

    The definitions compute as ever.
    """
    before, _walk.on = _walk.on, True
    try:
        with home().shapes_only():
            yield
    finally:
        _walk.on = before


def is_walking() -> bool:
    """Whether this thread is within `shapes_only`: then nobody asks for the numbers of an array."""
    return _walk.on


class _Walk(threading.local):
    on = False


_walk = _Walk()


@contextmanager
def _precision(name: str | None) -> Iterator[None]:
    if name is None:
        yield
        return
    if name == "tf32" and backend() != "cuda":
        raise UsageError(
            "Precision tf32 rounds what convolutions and dense layers multiply to 10 bits behind the point, for the "
            "tensor cores of a CUDA device. Use --backend cuda, or --precision fast."
        )
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


def _host_name() -> str:
    """The kernels for NumPy's float32 arrays."""
    name = backend()
    return "cpu" if name in homes.NAMED else name


def _of_host(name: str) -> ModuleType:
    if name not in _loaded:
        _loaded[name] = import_module(f"cnnkit.kernels.{name}")
    return _loaded[name]


def _two_homes(arrays: tuple[Any, ...]) -> DeviceError:
    kinds = dict.fromkeys(type(array).__name__ for array in arrays if hasattr(array, "dtype"))
    return DeviceError(
        f"One operation was given arrays of two homes: {' and '.join(kinds)}. Bring them together first: "
        "Tensor(numpy_array) is where new arrays go, tensor.numpy() is NumPy's again."
    )


def _resolve(name: str) -> str:
    if name == _device:
        return "cuda"
    index = devices.index_of(name)
    if name in homes.NAMED and index is None:
        return name
    if not is_backend(name):
        raise UsageError(f"There is no backend {name!r}, expected one of {', '.join(BACKENDS)}.")
    if name == "auto":
        return _best()
    return name if index is None else _device_of(name, index)


@cache
def _best() -> str:
    """Where to compute if nobody says: on a CUDA device if one answers, else on this machine's processor."""
    if devices.CHOSEN_BY_ITSELF and not devices.is_simulated() and not devices.refusal("cuda"):
        return _device_of("cuda", 0)
    return "cpu"


def _device_of(name: str, index: int) -> str:
    """From now on that CUDA device is the one of this process.

    DeviceError where it cannot be, told before a package of CUDA's is imported.
    """
    global _device
    if why := devices.refusal(name):
        raise DeviceError(why)
    package = import_module("cnnkit.kernels.cuda")  # which registers itself
    try:
        package.choose_device(index)
    except DeviceError:
        if _device is not None:
            package.choose_device(devices.index_of(_device) or 0)
        raise
    _device = name
    return "cuda"


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LAZY[name]), name)
