"""Small tables that kernels read again and again: brought to a device once and kept there, for each device its own."""

from collections.abc import Callable, Hashable
from functools import lru_cache, wraps
from typing import ParamSpec, TypeVar

from cnnkit.kernels.cuda.machine.launch import chip

P = ParamSpec("P")
T = TypeVar("T")


def kept(most: int) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Decorate what makes a table of some hashable arguments: the last `most` are found again, on the device in use.

    A process may use one device after another, and memory of one is no other's: so the device is part of the question.
    """

    def decorated(make: Callable[P, T]) -> Callable[P, T]:
        @lru_cache(maxsize=most)
        def made(device: int, *args: Hashable) -> T:
            return make(*args)  # type: ignore[arg-type, call-arg]  # as they were given

        @wraps(make)
        def found(*args: P.args, **options: P.kwargs) -> T:
            return made(chip.selected(), *args)

        return found

    return decorated
