"""Share the tasks of a kernel among threads: `parallel_for(body, tasks, args)`.

    @inner
    def row_task(x, y, worker, task): ...     # `worker` (0, 1, ...) runs task number `task`: for scratch space

    @kernel
    def relu_rows(x, y, rows):
        parallel_for(row_task, rows, (x, y))

A body is compiled once, as an ordinary serial function; the intrinsic hands it to the crew (crew/), which costs none of
the compile time of `parallel=True`. Each thread has a share of the tasks, neighbours of each other, and helps the
others when it is done with them. Tasks are cut by shape and write what no other task reads, so which thread runs which
task cannot change a bit. An error in a task stops its worker and surfaces as a RuntimeError of the caller. Do not nest.

One count of threads holds for the whole process, whichever Python thread asks.
"""

import os
import threading
from collections.abc import Callable, Iterable
from functools import cache
from importlib import import_module
from typing import Any

from cnnkit.config import default_threads
from cnnkit.errors import UsageError
from cnnkit.kernels.cpu.machine.code import settings
from cnnkit.kernels.cpu.machine.code.later import Later
from cnnkit.kernels.cpu.machine.crew import board, helpers

_count: int | None = None
_ready = False
_forked = False
_starting = threading.Lock()


def get_threads() -> int:
    """Threads that a kernel may use."""
    global _count
    if _count is None:
        _count = min(default_threads(), settings.NUM_THREADS)
    return 1 if _forked else _count


def workers() -> int:
    """The most that can work at once, whatever another Python thread sets meanwhile: rows of scratch space."""
    return 1 if _forked else int(settings.NUM_THREADS)


def set_threads(count: int) -> None:
    """Let kernels of this process use that many threads. A forked child uses one: helpers do not survive a fork."""
    global _count, _ready
    if not 1 <= count <= settings.NUM_THREADS:
        raise UsageError(
            f"{count} threads were asked for, but the pool was made for {settings.NUM_THREADS}. "
            f"Start the process with NUMBA_NUM_THREADS={max(count, 1)}."
        )
    _count, _ready = count, False


def layer() -> str:
    """Who helps: "cnnkit", or of Numba's threads "tbb", "omp" or "workqueue"; "none" without the JIT."""
    if settings.DISABLE_JIT:
        return "none"
    return helpers.NAME if _own() else _borrowed().name()


@cache
def _own() -> bool:
    """Not if NUMBA_THREADING_LAYER asks for one of Numba's."""
    return settings.THREADING_LAYER == "default" and helpers.can_be_had()


def _borrowed() -> Any:
    """Numba's threads, and with them Numba."""
    return import_module("cnnkit.kernels.cpu.machine.crew.borrowed")


def to_compile() -> list[Callable[[], object]]:
    """What makes machine code of each function that threads need and that is not on disk yet."""
    return helpers.to_compile() if get_threads() > 1 and not settings.DISABLE_JIT and _own() else []


def launch(entry: Callable[..., None], args: tuple[Any, ...]) -> None:
    """Call the machine code of an entry kernel."""
    if not _ready:
        _start()
    entry(*args)


def launch_all(calls: Iterable[Callable[[], Any]]) -> None:
    """As `launch`, calls that have their arguments, one after another."""
    if not _ready:
        _start()
    for call in calls:
        call()


def _start() -> None:
    """Tell the crew how many threads kernels may use from now on."""
    global _ready
    with _starting:
        count, _ready = get_threads(), True
        if settings.DISABLE_JIT:
            return
        if count > 1 and _own():
            helpers.start(count)
        elif count > 1:
            _borrowed().start()
        board.write(board.THREADS, count)


def _after_fork() -> None:
    global _forked, _ready, _starting
    _forked, _ready = True, False
    _starting = threading.Lock()
    helpers.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def _plain_for(body, tasks, args):
    """What parallel_for means, without the JIT."""
    for task in range(tasks):
        body(*args, 0, task)


parallel_for = _plain_for if settings.DISABLE_JIT else Later("cnnkit.kernels.cpu.machine.code.parallel", "parallel_for")
