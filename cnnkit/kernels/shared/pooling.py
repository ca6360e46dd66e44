"""What the pools of all machines agree on: the code of a winner, the bins of adaptive pools."""

from typing import Any

import numpy as np

from cnnkit.kernels.shared.inner import inlined

# The winner of a window that saw no pixel; 255 when stored as uint8, so 255 taps (0 to 254) fit a byte.
NO_TAP = -1
BYTE_TAPS = 255


def arg_dtype(kernel: tuple[int, int]) -> type[Any]:
    """The type that winners are stored in: a byte where it holds them, for a quarter of the memory traffic."""
    return np.uint8 if kernel[0] * kernel[1] <= BYTE_TAPS else np.int32


@inlined
def bin_range(o, size, bins):
    """(first, last + 1) pixel of bin o: floor(o·size / bins), ceil((o + 1)·size / bins); neighbours may share one."""
    return o * size // bins, ((o + 1) * size + bins - 1) // bins
