"""What a package of kernels tells of the machine that it runs on."""

from typing import NamedTuple


class Facts(NamedTuple):
    """name: of the processor.   memory: bytes that arrays may still take, None if that is unknown.

    peak: floating point operations a second at most; None where that is not known but measured (`bench.roof`).
    lag: so many results may wait before one is fetched, so that the next work is there when a device has done the last;
    0 where a number is there as soon as its kernel returns.
    near: bytes that stay so near the cores that it pays to work on a batch in pieces whose maps have no more; None
    where a batch is best taken whole.
    """

    name: str
    memory: int | None
    peak: float | None
    lag: int = 0
    near: int | None = None
