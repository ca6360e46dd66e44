"""Whether kernels are only noted, not run: results are then left unspecified and have no memory."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

Note = Callable[[Any, tuple[Any, ...]], None]

# What is told of each launch, the kernel and its arguments; None while kernels run.
noted: ContextVar[Note | None] = ContextVar("noted on CUDA", default=None)


def is_rehearsing() -> bool:
    """Whether this Python thread walks through kernels without running them."""
    return noted.get() is not None


@contextmanager
def told_to(note: Note) -> Iterator[None]:
    """Inside, kernels do not run; `note` is told of each."""
    token = noted.set(note)
    try:
        yield
    finally:
        noted.reset(token)
