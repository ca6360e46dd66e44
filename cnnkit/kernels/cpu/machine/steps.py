"""The calls that a computation consists of: who wants to make it again has them noted."""

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

Note = Callable[[Callable[..., Any], tuple[Any, ...]], None]

# What is told of each call that changes numbers, after it was made: the function and its arguments. None: nobody asks.
noted: ContextVar[Note | None] = ContextVar("noted steps", default=None)


def by_numpy(function: Callable[..., Any], *args: Any) -> None:
    """Call a function of NumPy that does a kernel's work, so that it is noted as those are."""
    function(*args)
    if (note := noted.get()) is not None:
        note(function, args)
