"""Our own helpers: daemon threads that serve (protocol.py) until the process ends."""

import atexit
import ctypes
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from cnnkit.kernels.cpu.machine.crew import board, code
from cnnkit.kernels.cpu.machine.crew.protocol import serve, share

NAME = "cnnkit"
HOME = 1.0  # seconds for helpers to go home when the process ends; tasks that Python's daemons run may take longer
# Functions of POSIX that protocol.py and words.py call.
NEEDED = ["clock_gettime", "sched_yield", "pthread_mutex_lock", "pthread_mutex_unlock"]
NEEDED += ["pthread_cond_wait", "pthread_cond_signal", "pthread_cond_broadcast"]

CODE = ((share, 4), (serve, 2))  # and of how many words

_helpers: list[threading.Thread] = []
_serve: Any = None


def can_be_had() -> bool:
    """Whether the system has what they need to sleep: POSIX has."""
    return os.name == "posix" and all(hasattr(ctypes.CDLL(None), name) for name in NEEDED)


def to_compile() -> list[Callable[[], object]]:
    """What makes machine code of each function of the crew that is not on disk yet."""
    return [partial(code.address_of, function, count) for function, count in CODE if not code.is_there(function, count)]


def start(count: int) -> None:
    """Let there be count - 1 helpers. Where the system starts no more threads, those that it did start are enough."""
    global _serve
    if _serve is None:
        process = ctypes.CDLL(None)
        process.pthread_mutex_init(ctypes.c_void_p(board.ADDRESS + board.MUTEX), None)
        for place in (board.CALLED, board.LEFT):
            process.pthread_cond_init(ctypes.c_void_p(board.ADDRESS + place), None)
        board.write(board.SHARE, code.address_of(share, 4))
        _serve = code.compiled(serve, 2)
        atexit.register(stop)
    while len(_helpers) < count - 1:
        numbered = board.ADDRESS, len(_helpers) + 1
        helper = threading.Thread(target=_serve, args=numbered, name=board.HELPER, daemon=True)
        try:
            helper.start()
        except RuntimeError:
            return
        _helpers.append(helper)
    _spread(count)


def _spread(count: int) -> None:
    """Each helper on a core of its own, and one left to callers, where there are just as many as threads.

    A sleeper is woken on the core of who wakes it, and stays there behind him for some milliseconds while another one
    idles. Calls of resnet20 (32 images) after a rest, in three processes each, ms: 7.3 to 8.2 so, 4.0 to 4.9 on cores
    of their own.
    """
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_setaffinity") else []
    if len(cores) == count:
        for helper, core in zip(_helpers, cores[1:], strict=False):
            with suppress(OSError):  # it has ended, or this is not allowed here
                if helper.native_id is not None:
                    os.sched_setaffinity(helper.native_id, {core})


def stop() -> None:
    """Send them home. Kernels of whoever still computes run on their callers' threads alone."""
    board.write(board.CLOSING, 1)
    process, end = ctypes.CDLL(None), time.monotonic() + HOME
    while any(helper.is_alive() for helper in _helpers) and time.monotonic() < end:
        process.pthread_cond_broadcast(ctypes.c_void_p(board.ADDRESS + board.CALLED))
        time.sleep(0.0005)
    _helpers.clear()


def forget() -> None:
    """In the child of a fork: no helper came along."""
    _helpers.clear()
