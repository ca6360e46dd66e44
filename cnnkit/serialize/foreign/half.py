"""bfloat16, which numpy has no type for."""

import numpy as np

from cnnkit.kernels.shared.array import Host


def widened(halves: Host) -> Host:
    """float32 from bfloat16 read as uint16: its bits are the upper half of the float32's."""
    wide: Host = (halves.astype(np.uint32) << 16).view(np.float32)
    return wide
