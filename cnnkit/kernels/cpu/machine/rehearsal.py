"""Whether entry kernels are only noted, not run: results are then left unspecified, and nothing need be prepared."""

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

Note = Callable[[Any, tuple[Any, ...]], None]

# What is told of each call, the entry and its arguments; None while kernels run.
noted: ContextVar[Note | None] = ContextVar("noted", default=None)


def is_rehearsing() -> bool:
    """Whether this Python thread walks through kernels without running them."""
    return noted.get() is not None
