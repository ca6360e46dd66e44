"""A vector or only its first lanes: the ends of rows whose length no vector divides."""

from cnnkit.kernels.cpu.machine.jit import inlined
from cnnkit.kernels.cpu.simd.vector import LANES, load, load_first, store, store_first, stream


@inlined
def load_upto(x, i, count):
    """`count` floats, or a whole vector where there are as many: a plain load is faster than a masked one."""
    return load(x, i) if count >= LANES else load_first(x, i, count)


@inlined
def store_upto(y, i, v, count):
    """The first `count` lanes, all where there is room for them."""
    if count >= LANES:
        store(y, i, v)
    else:
        store_first(y, i, v, count)


@inlined
def put(y, i, v, count, streamed):
    """As `store_upto`, but whole vectors past the caches if `streamed`; then y and i lie on whole vectors."""
    if streamed and count >= LANES:
        stream(y, i, v)
    else:
        store_upto(y, i, v, count)
