"""This machine, on which all else runs: its threads, memory for batches, vectors, and where compiled kernels are kept.

What the loader and the command line ask of the kernels; the rest of cnnkit asks `kernels.of` and `kernels.home`.
"""

from cnnkit.kernels.cpu.machine.buffers import empty, nothing_waits, sparing
from cnnkit.kernels.cpu.machine.cache import cache_folder, cache_note, refused_note
from cnnkit.kernels.cpu.machine.jit import statistics
from cnnkit.kernels.cpu.machine.lanes import FEATURES, LANES
from cnnkit.kernels.cpu.machine.threads import get_threads, layer

__all__ = [
    "FEATURES",
    "LANES",
    "cache_folder",
    "cache_note",
    "empty",
    "get_threads",
    "layer",
    "nothing_waits",
    "refused_note",
    "sparing",
    "statistics",
]
