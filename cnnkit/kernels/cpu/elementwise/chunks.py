"""How element-by-element work is cut into tasks: by size alone, so the thread count cannot change a bit."""

from cnnkit.kernels.cpu.machine.buffers import LINE, is_aligned
from cnnkit.kernels.cpu.simd.vector import LANES
from cnnkit.kernels.shared.array import Host

# Floats of one task: some 5 microseconds of work for each array that passes through the core.
CHUNK = 16384
# Bytes of a result from which on it is written past the caches: else its lines would be read first, and sweep others
# out. It is then 4 to 8 % faster, the pass that reads it next with it; at half that size nothing is gained.
STREAMED = 12 << 20


def chunks(size: int) -> int:
    """Tasks of CHUNK elements that cover `size`."""
    return -(-size // CHUNK)


def streams(y: Host, row: int = CHUNK) -> bool:
    """Whether y, written in whole vectors from the start of rows of so many floats on, goes past the caches."""
    return 4 * y.size >= STREAMED and 4 * LANES == LINE and row % LANES == 0 and is_aligned(y)
