"""Kernels and the functions that they call, made and launched. Beside ptx.py and driver/ nobody knows numba-cuda.

    @device                                  # what kernels call
    def twice(x): return x + x

    @kernel
    def twice_kernel(x, y, count):
        for i in range(cuda.grid(1), count, cuda.gridsize(1)):
            y[i] = twice(x[i])

    twice_kernel.over(count, x, y, count)    # a thread for each, or several
    other_kernel(blocks, threads, x, y)

Kernels get flat arrays, whole numbers and floats of 32 bits, so one is compiled once for each type of its arrays,
whatever a layer's size. Python's own widths would cost: Numba makes 64 bits of what it does not know better, and
double precision runs at a 64th of the speed. So indices are wrapped in `int32`, and no float is written as a literal.

Without a device, with NUMBA_ENABLE_CUDASIM=1, the same kernels run in Numba's simulator.
"""

import threading
from collections.abc import Callable
from types import FunctionType
from typing import Any

import numba
import numpy as np
from numba import cuda, types

from cnnkit.errors import ShapeError
from cnnkit.kernels.cuda.machine import capture, rehearsal
from cnnkit.kernels.cuda.machine.array import DeviceArray
from cnnkit.kernels.shared.inner import Inner

SIMULATED = bool(numba.config.ENABLE_CUDASIM)

if SIMULATED:
    from cnnkit.kernels.cuda.machine.simulated import chip

    # Plain numbers: the simulator has Python's widths anyway, and takes less long for them.
    int32 = uint32 = int64 = uint64 = int
    float32, float64 = np.float32, np.float64
else:
    from cnnkit.kernels.cuda.machine.driver import chip  # type: ignore[no-redef]

    int32, uint32, int64, uint64 = types.int32, types.uint32, types.int64, types.uint64
    float32, float64 = types.float32, types.float64

# Of a block of a kernel that works element by element, or sums; a power of two.
THREADS = 32 if SIMULATED else 256
# Numbers of an array: kernels compute places in 32 bits.
MOST = (1 << 31) - 1
MOST_BLOCKS = 1 if SIMULATED else 1 << 16

__all__ = [
    "MOST_BLOCKS",
    "SIMULATED",
    "THREADS",
    "Kernel",
    "adopted",
    "chip",
    "cuda",
    "device",
    "float32",
    "float64",
    "int32",
    "int64",
    "kernel",
    "uint32",
    "uint64",
]

KERNELS: list["Kernel"] = []
# Numba's compiler is not safe for several threads.
_one_at_a_time = threading.RLock()


class Kernel:
    """An entry kernel. threads: the most in a block, None where any number may be."""

    def __init__(self, function: Callable[..., None], name: str, threads: int | None) -> None:
        self.name, self.function, self.threads = name, function, threads
        self._made: Any = None
        self._records: dict[tuple[Any, ...], Any] = {}
        KERNELS.append(self)

    def over(self, count: int, *args: Any) -> None:
        """With a thread for each of so many, or for several; a kernel that strides over the grid."""
        if count:
            self(min(-(-count // THREADS), MOST_BLOCKS), THREADS, *args)

    def __call__(self, blocks: int | tuple[int, ...], threads: int, *args: Any) -> None:
        """Launch so many blocks; the results are there when later kernels, or the host, ask for them."""
        for arg in args:
            if type(arg) is DeviceArray and arg.reach > MOST:
                raise ShapeError(
                    f"An array of shape {arg.shape} is too large for CUDA's kernels, which count up to {MOST:,}: "
                    "use a smaller --batch-size or --image-size."
                )
        note = rehearsal.noted.get()
        if note is not None:
            note(self, args)
            return
        chip.here()  # a thread that was given all its arrays has made none itself
        capture.hold(*(arg.flat.owner for arg in args if type(arg) is DeviceArray))
        # An array is told by the type of its numbers, any other argument by its own; a plain tuple by how long it is.
        key = chip.selected(), *[_told(arg) for arg in args]
        record = self._records.get(key)
        try:
            if record is None:
                record = self._records[key] = self._record(args)
            record.launch(blocks, threads, args)
        except chip.FAULTS as error:
            raise chip.failed(error) from error

    def _record(self, args: tuple[Any, ...]) -> Any:
        if SIMULATED:
            return chip.Record(self.made, ())
        signature = signature_of(args)
        with _one_at_a_time:
            return chip.Record(self.made.compile(signature), signature)

    @property
    def made(self) -> Any:
        """What Numba makes of it, once it is asked for."""
        if self._made is None:
            if SIMULATED:
                self._made = chip.quiet(cuda.jit(self.function))
            else:
                self._made = cuda.jit(self.function, launch_bounds=self.threads)
        return self._made

    def prepare(self, signature: tuple[Any, ...]) -> bool:
        """Compile for arguments of these types; whether that was done before."""
        if SIMULATED or signature in self.made.overloads:
            return True
        try:
            with _one_at_a_time:
                self.made.compile(signature)
        except chip.FAULTS as error:
            raise chip.failed(error) from error
        return False

    def __repr__(self) -> str:
        return f"<CUDA kernel {self.name}>"


def kernel(function: Callable[..., None] | None = None, *, name: str = "", threads: int | None = None) -> Any:
    """Decorate an entry kernel; a factory's have a name that tells them apart, and say how many threads they have."""
    if function is None:
        return lambda f: kernel(f, name=name, threads=threads)
    return Kernel(function, name or function.__name__, threads)


def device(function: Callable[..., Any]) -> Any:
    """Decorate a function that kernels call; it is written out where it is called."""
    if not SIMULATED:
        return cuda.jit(function, device=True, forceinline=True)
    # One that asks for its thread needs the simulator's `cuda`; for all others plain Python is the quickest.
    return cuda.jit(function, device=True) if "cuda" in function.__code__.co_names else function


def adopted(inner: Inner) -> Any:
    """A function that all machines share, as kernels here call it: those that it calls itself are adopted too."""
    if SIMULATED:
        return inner.function
    function = inner.function
    around = {
        name: adopted(value) if isinstance(value := function.__globals__[name], Inner) else value
        for name in function.__code__.co_names
        if name in function.__globals__
    }
    twin = FunctionType(function.__code__, {"__builtins__": __builtins__, **around}, function.__name__)
    twin.__module__ = function.__module__
    return device(twin)


def signature_of(args: tuple[Any, ...]) -> tuple[Any, ...]:
    """The types that a kernel has for these arguments."""
    return tuple(_type(arg) for arg in args)


def _type(value: Any) -> Any:
    kind = type(value)
    if kind is DeviceArray:
        return numba.from_dtype(value.dtype)[::1]
    if isinstance(value, tuple):
        if kind is tuple:
            return types.UniTuple(_type(value[0]), len(value))
        return types.NamedUniTuple(_type(value[0]), len(value), kind)
    if kind is int:
        return types.int32
    if kind is float:
        return types.float32
    return numba.typeof(value)


def _told(value: Any) -> Any:
    kind = type(value)
    return value.dtype.char if kind is DeviceArray else len(value) if kind is tuple else kind
