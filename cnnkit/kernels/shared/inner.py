"""Functions that kernels call, and Python too: what a backend's compiler makes part of its machine code.

For Python such a function is what is written there. No compiler is needed to define one, so that machine code that lies
on disk can be used without loading the compiler that made it.
"""

from collections.abc import Callable
from functools import update_wrapper
from typing import Any, final


@final
class Inner:
    """function: the plain function.   options: what the compiler is told of it, by its own names."""

    def __init__(self, function: Callable[..., Any], options: dict[str, Any]) -> None:
        update_wrapper(self, function)
        self.function, self.options = function, options

    def __call__(self, *args: Any) -> Any:
        return self.function(*args)

    def __repr__(self) -> str:
        return f"<inner {self.function.__qualname__}>"


def shared(function: Callable[..., Any]) -> Any:
    """Decorate a function of the definitions that kernels call as well."""
    return Inner(function, {})


def inlined(function: Callable[..., Any]) -> Any:
    """As `shared`, for a function that is written out where it is called."""
    return Inner(function, {"inline": "always"})
