"""Names of what only the compiler knows: kernels may name it, and none of it is loaded before something is compiled.

from cnnkit.kernels.cpu.machine.code.later import Later
fma = Later("cnnkit.kernels.cpu.simd.value", "fma")     # what that module calls `fma`, once a kernel is compiled
"""

from importlib import import_module
from typing import Any, NamedTuple


class Later(NamedTuple):
    """module, name: where it is defined."""

    module: str
    name: str

    def now(self) -> Any:
        """The thing itself; its module is imported."""
        return getattr(import_module(self.module), self.name)


def later(module: str, names: str) -> list[Later]:
    """Names of one module, separated by spaces."""
    return [Later(module, name) for name in names.split()]
