"""How a definition hands over its result: in float64, or rounded into the caller's buffer."""

from cnnkit.kernels.shared.array import Array


def deliver(y: Array, out: Array | None) -> Array:
    """y itself, or `out` filled with it."""
    if out is None:
        return y
    out[...] = y
    return out
