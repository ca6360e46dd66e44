"""How fast a device is at most, measured: multiply-adds of float32 a second, and bytes that are copied in it."""

from typing import NamedTuple

from cnnkit import kernels
from cnnkit.bench.on_cuda.clock import in_turn
from cnnkit.kernels.cuda.machine import measured
from cnnkit.kernels.cuda.machine.home import kept
from cnnkit.kernels.cuda.machine.launch import chip

# Steps of the one, numbers of the other: about 20 ms and, read and written, 2 GB on a chip of 60 TFLOP/s and 4 TB/s.
STEPS, NUMBERS = 40_000, 1 << 28


class Roof(NamedTuple):
    """gflops: 10^9 operations a second, of which a multiply-add is two.   gbytes: 10^9 bytes, read or written."""

    gflops: float
    gbytes: float


@kept(8)
def roof() -> Roof:
    """Of the device in use; about half a second."""
    k = kernels.home()
    steps, numbers = (STEPS, NUMBERS) if chip.TIMES else (1, 64)
    y = k.empty((measured.threads_of_all(),))
    flop = measured.multiply_add(y, steps)
    multiplies = in_turn([lambda: measured.multiply_add(y, steps)], seconds=0.2, least=3)[0]
    x, twin = k.zeros((numbers,)), k.empty((numbers,))
    moved = measured.copy_fours(x, twin)
    copies = in_turn([lambda: measured.copy_fours(x, twin)], seconds=0.2, least=3)[0]
    return Roof(flop / multiplies.best / 1e9, moved / copies.best / 1e9)
