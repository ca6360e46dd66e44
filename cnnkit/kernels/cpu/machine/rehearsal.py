"""Whether entry kernels are only noted, not run: results are then left unspecified, and nothing need be prepared."""

from contextvars import ContextVar
from typing import Any

# The kernels noted so far, by entry and signature; None while kernels run.
noted: ContextVar[dict[Any, None] | None] = ContextVar("noted", default=None)


def is_rehearsing() -> bool:
    """Whether this Python thread walks through kernels without running them."""
    return noted.get() is not None
