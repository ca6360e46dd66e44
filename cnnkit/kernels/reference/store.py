"""How a definition hands over its result: in float64, or rounded into the caller's buffer."""

import numpy as np

from cnnkit.kernels.shared.array import Host
from cnnkit.kernels.shared.out import check_out


def deliver(y: Host, out: Host | None, *, channels: bool = False) -> Host:
    """y itself, or `out` filled with it; a result in float64 may be asked for in float32.

    channels: whether `out` may be some channels of an array.
    """
    if out is None:
        return y
    rounds = y.dtype == np.float64 and out.dtype == np.float32
    check_out(out, y.shape, np.float32 if rounds else y.dtype, channels=channels)
    out[...] = y
    return out
