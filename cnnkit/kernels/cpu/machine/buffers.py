"""64-byte aligned arrays whose memory is used again when the last array over it dies.

numpy's own arrays start 16 or 48 bytes past a cache line, which costs a 1x1 convolution a third of its speed, and large
new ones are page-faulted anew each time. Here an owner object lies under each array (`__array_interface__`); slices and
views keep it alive, and its `__del__` returns the memory to the pool. So nobody releases anything by hand, and after
the first epoch a training step takes no new memory.

What waits is bounded by what was lately in use at once: of images that change their size, the sizes that have waited
longest go back to the system.

Lists are appended to and popped from in one step of the interpreter, so no lock is needed: one would deadlock when the
garbage collector runs a `__del__` inside it, or when a fork copies it while held. Where threads meet, a block may be
missed and go back to the system, and the sums of bytes may err until they are taken anew: no block is ever given twice.
"""

import mmap
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import lru_cache
from itertools import accumulate
from math import prod
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import DTypeLike, NDArray

from cnnkit.kernels.cpu.machine.rehearsal import is_rehearsing
from cnnkit.kernels.cpu.machine.steps import by_numpy
from cnnkit.kernels.shared.out import check_out, is_some_channels

LINE = 64
FLOAT = np.dtype(np.float32)
LINE_FLOATS = LINE // FLOAT.itemsize
# What may wait: so many times the most that was in use at once, but at least so many bytes. A training step uses sizes
# at different times, so 0.6 (vgg11) to 1.24 times (resnet20) of what it had in use at once waits after it.
SPARE, FLOOR = 2, 32 << 20
MAPPED = 1 << 20  # bytes from which a block is mapped by itself: of smaller ones the C library keeps what is let go of
# "Lately" is this many requests and up to as many before them: more than any step or judged batch makes.
WHILE = 1 << 17
Shape = int | tuple[int, ...]


Block = tuple[NDArray[np.uint8], int]  # memory and the address of its first whole line


class PoolStatistics(NamedTuple):
    """What the pool has done: requests served from it, requests that took new memory, bytes waiting for use."""

    hits: int
    misses: int
    held_bytes: int


class _Pool:
    """free: for each size what waits, the longest first, with the number of the request since which it does.

    used, waiting: bytes.   most, most_before: of `used`, since request number `since` and in as many before it.
    spare: how many times that may wait.   keeps: whether anything may.
    """

    def __init__(self) -> None:
        self.free: dict[int, list[tuple[int, Block]]] = {}
        self.hits = self.misses = self.since = 0
        self.used = self.waiting = self.most = self.most_before = 0
        self.spare, self.keeps = SPARE, True

    def take(self, size: int) -> Block:
        try:
            _, block = self.free[size].pop()
            self.hits += 1
            self.waiting -= size
        except (KeyError, IndexError):
            self.misses += 1
            block = self.new(size)
        self.used += size
        if self.used > self.most:
            self.most = self.used
        return block

    def new(self, size: int) -> Block:
        try:
            raw = _taken(size + LINE)
        except MemoryError:
            self.clear()  # blocks of other sizes wait there
            raw = _taken(size + LINE)
        start = raw.ctypes.data
        return raw, start + -start % LINE

    def give(self, size: int, block: Block) -> None:
        now = self.hits + self.misses
        self.used -= size
        if not self.keeps:
            return
        self.waiting += size
        self.free.setdefault(size, []).append((now, block))
        if now - self.since > WHILE:
            self.most_before, self.most, self.since = self.most, self.used, now
        if self.waiting > FLOOR and self.waiting > (most := self.spare * max(self.most, self.most_before)):
            self.shrink(max(FLOOR, most))

    def shrink(self, most: int) -> None:
        """Let go of what has waited longest, and of some more, so that this is seldom needed."""
        oldest = sorted((since, size) for size, blocks in list(self.free.items()) for since, _ in list(blocks))
        self.waiting = sum(size for _, size in oldest)
        for _, size in oldest:
            if self.waiting <= most - most // 8:
                break
            with suppress(KeyError, IndexError):  # another thread has just taken it
                self.free[size].pop(0)
                self.waiting -= size

    def clear(self) -> None:
        self.free.clear()
        self.waiting = 0


def _taken(count: int) -> NDArray[np.uint8]:
    """Bytes of the system's: large blocks mapped by themselves, so that they are its own again when they are let go."""
    if count < MAPPED:
        return np.empty(count, np.uint8)
    try:
        memory = mmap.mmap(-1, count, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    except OSError as error:
        raise MemoryError(f"no room for {count:,} bytes") from error
    if hasattr(mmap, "MADV_HUGEPAGE"):
        with suppress(OSError):
            memory.madvise(mmap.MADV_HUGEPAGE)
    return np.frombuffer(memory, np.uint8)


pool = _Pool()


class Source(Protocol):
    """Where memory is taken from, in whole lines, and given back."""

    def take(self, size: int) -> Block: ...

    def give(self, size: int, block: Block) -> None: ...


_source: ContextVar[Source | None] = ContextVar("source", default=None)  # None: the pool


@contextmanager
def taken_from(source: Source) -> Iterator[None]:
    """Inside, this Python thread has the memory of new arrays from another source than the pool."""
    token = _source.set(source)
    try:
        yield
    finally:
        _source.reset(token)


class _Owner:
    """Memory in use; numpy reads the interface, the end of the owner is the return to the pool."""

    __slots__ = ("__array_interface__", "_block", "_give", "_size")

    def __init__(self, shape: tuple[int, ...], typestr: str, size: int, block: Block, source: Source) -> None:
        self._give, self._size, self._block = source.give, size, block
        self.__array_interface__ = {"shape": shape, "typestr": typestr, "data": (block[1], False), "version": 3}

    def __del__(self) -> None:
        try:
            self._give(self._size, self._block)
        except (MemoryError, TypeError):
            return  # no room for one more entry of the list, or no modules at the interpreter's end: to the system


def empty(shape: Shape, dtype: DTypeLike = np.float32) -> NDArray[Any]:
    """A contiguous array on a cache line, its values unspecified."""
    known, typestr, size = _layout(shape, dtype)  # type: ignore[arg-type]  # what names a type can be hashed
    source = _source.get() or pool
    # The memory first: an owner that got none would have nothing to give back.
    return np.asarray(_Owner(known, typestr, size, source.take(size), source))


@lru_cache(maxsize=4096)
def _layout(shape: Shape, dtype: DTypeLike) -> tuple[tuple[int, ...], str, int]:
    """Shape, type and bytes of an array as its owner tells them: found anew each time, they took half of `empty`."""
    known = (int(shape),) if isinstance(shape, int | np.integer) else tuple(int(n) for n in shape)
    kind = np.dtype(dtype)
    return known, kind.str, _size_class(prod(known) * kind.itemsize)


def side_by_side(*counts: int) -> list[NDArray[Any]]:
    """So many floats each in one piece of memory, each on a cache line: scratch space for one call, taken once."""
    size, places = _places(counts)
    whole = empty(size)
    return [whole[place] for place in places]


@lru_cache(maxsize=1024)
def _places(counts: tuple[int, ...]) -> tuple[int, list[slice]]:
    """The floats of all, and where each lies among them."""
    ends = list(accumulate(-(-count // LINE_FLOATS) * LINE_FLOATS for count in counts))
    return ends[-1], [slice(begin, begin + count) for begin, count in zip([0, *ends[:-1]], counts, strict=True)]


def result(
    shape: tuple[int, ...], out: NDArray[Any] | None, dtype: DTypeLike = np.float32, *, channels: bool = False
) -> NDArray[Any]:
    """Where a kernel writes its result: `out`, the caller's, if it is given and fits, else a new array.

    channels: whether the kernel can write to some channels of an array.
    """
    return empty(shape, dtype) if out is None else check_out(out, shape, dtype, channels=channels)


def zeros(shape: Shape, dtype: DTypeLike = np.float32) -> NDArray[Any]:
    """As `empty`, of zeros, and not of the pool: pages of the system's own take no memory until they are written to."""
    kind = np.dtype(dtype)
    count = int(np.prod(shape, dtype=np.int64)) * kind.itemsize
    raw = np.zeros(count + LINE, np.uint8)
    return np.ndarray(shape, kind, raw, -raw.ctypes.data % LINE)


def aligned(a: NDArray[Any]) -> NDArray[Any]:
    """`a` itself if it is contiguous and on a cache line, else such a copy."""
    if a.flags.c_contiguous and is_aligned(a):
        return a
    out = empty(a.shape, a.dtype)
    out[...] = a
    return out


def is_aligned(a: NDArray[Any]) -> bool:
    """Whether the first element lies on a cache line."""
    return bool(a.ctypes.data % LINE == 0)


def kind_of(*values: NDArray[Any] | float) -> np.dtype[Any]:
    """The type of a result that is a copy or a choice of these: float32, or that of integers where all are such."""
    kind = np.result_type(*values)
    return kind if kind.kind in "iu" else FLOAT


def contiguous(a: NDArray[Any], dtype: DTypeLike = np.float32) -> NDArray[Any]:
    """What a kernel can take: `a` itself if it is C-ordered, writable and of that dtype, else such a copy.

    A read-only or strided array is another type to Numba, and would have every kernel compiled once more.
    """
    flags = a.flags
    if flags.c_contiguous and flags.writeable and flags.aligned and a.dtype == dtype:
        return a
    out = empty(a.shape, dtype)
    if not is_rehearsing():
        by_numpy(np.copyto, out, a)
    return out


def flat(a: NDArray[Any], dtype: DTypeLike = np.float32) -> NDArray[Any]:
    """`contiguous`, in one dimension: kernels index flat arrays, so they are compiled once for all ranks."""
    return contiguous(a, dtype).reshape(-1)


def pixels(a: NDArray[Any]) -> tuple[NDArray[Any], int]:
    """(floats in one dimension, how many lie from one pixel to the next) of an array (..., C).

    As `flat`, but some channels of an array are not copied: between their pixels lie those of others.
    """
    if a.flags.c_contiguous or not a.size or not (a.flags.behaved and a.dtype == FLOAT and is_some_channels(a)):
        return flat(a), a.shape[-1]
    step = pixel_step(a)
    count = (prod(a.shape[:-1]) - 1) * step + a.shape[-1]
    return np.lib.stride_tricks.as_strided(a, (count,), (a.itemsize,)), step


def pixel_step(a: NDArray[Any]) -> int:
    """Numbers from one pixel to the next of an array (..., C), or of some channels of one."""
    return a.shape[-1] if a.flags.c_contiguous else a.strides[-2] // a.itemsize


def statistics() -> PoolStatistics:
    """Hits, misses and held bytes since the process started; exact where one thread takes memory at a time."""
    held = sum(len(raw) for waiting in list(pool.free.values()) for _, (raw, _) in list(waiting))
    return PoolStatistics(pool.hits, pool.misses, held)


@contextmanager
def sparing() -> Iterator[None]:
    """Inside, no more than the floor waits: what large arrays leave goes back to the system, and is taken anew."""
    before = pool.spare
    pool.spare = 0
    if pool.waiting > FLOOR:
        pool.shrink(FLOOR)
    try:
        yield
    finally:
        pool.spare = before


@contextmanager
def nothing_waits() -> Iterator[None]:
    """Inside, what any array leaves goes back to the system, and is taken anew."""
    before, pool.keeps = pool.keeps, False
    pool.clear()
    try:
        yield
    finally:
        pool.keeps = before


def trim() -> None:
    """Give all waiting memory back to the system."""
    pool.clear()


def _size_class(count: int) -> int:
    """Bytes to take for `count`: whole lines, and from 4 KB on eighths of a power of two, so that near sizes share."""
    step = max(LINE, 1 << max(count.bit_length() - 4, 0))
    return -(-count // step) * step
