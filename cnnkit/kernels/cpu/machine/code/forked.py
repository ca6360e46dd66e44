"""Work done together with forked children, whose results are files: kernels are compiled on all cores.

Numba compiles one kernel at a time in a process. A child has all that its parent has loaded, so nothing need be told to
it, and what it compiles lies on disk. A pipe holds the numbers of all jobs, and whoever is free reads the next one.
Whatever a child did not finish, its parent does: one that dies, hangs or finds no memory costs time alone.
"""

import os
import signal
import struct
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress

from cnnkit.config import available_memory
from cnnkit.kernels.cpu.machine.crew import board

MOST = 3  # children: more than a few wait for each other's memory and for the longest job
ROOM = 512 << 20  # bytes of free memory for each child; it takes a third of that
PATIENCE = 60.0  # seconds for a child to finish the job that it has begun
_NUMBER = struct.Struct("H")


def children_for(jobs: int, processes: int) -> int:
    """How many may help this process, so that there are at most `processes`; none where a fork might be unsafe."""
    others = {thread for thread in threading.enumerate() if thread.name != board.HELPER}
    if sys.platform != "linux" or others != {threading.current_thread()}:
        return 0  # another thread might hold a lock, which nobody in a child would ever release
    free = available_memory()
    fits = MOST if free is None else free // ROOM
    return max(0, min(processes - 1, MOST, fits, jobs // 2))


def in_company(jobs: int, work: Callable[[int], object], children: int) -> Iterator[int]:
    """Each number from 0 to jobs - 1 once, to be done by the caller, unless a child has done it by work(number)."""
    source, sink = os.pipe()
    os.write(sink, b"".join(map(_NUMBER.pack, range(jobs))))
    os.close(sink)
    helping: list[int] = []
    try:
        with suppress(OSError):  # where there is no room for more processes, fewer help
            for _ in range(children):
                helping.append(_child(source, work))
        mine = set()
        while (number := _next(source)) is not None:
            mine.add(number)
            yield number
        _await(helping)
        yield from sorted(set(range(jobs)) - mine)
    finally:
        os.close(source)
        for child in helping:
            with suppress(OSError):
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)


def _next(source: int) -> int | None:
    """The next number of a pipe; readers do not meet in the middle of one."""
    found = os.read(source, _NUMBER.size)
    return _NUMBER.unpack(found)[0] if found else None


def _child(source: int, work: Callable[[int], object]) -> int:
    parent = os.getpid()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # that there are threads: none of them runs Python
        child = os.fork()
    if child:
        return child
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent is told too, and ends this process
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        while os.getppid() == parent and (number := _next(source)) is not None:
            work(number)
    finally:
        os._exit(0)  # nothing of the parent's is ended or written by a child


def _await(helping: list[int]) -> None:
    """Until all have ended, or patience has."""
    end = time.monotonic() + PATIENCE
    while helping and time.monotonic() < end:
        helping[:] = [child for child in helping if _is_there(child)]
        time.sleep(0.002)


def _is_there(child: int) -> bool:
    try:
        return os.waitpid(child, os.WNOHANG)[0] == 0
    except ChildProcessError:  # somebody else has waited for it
        return False
