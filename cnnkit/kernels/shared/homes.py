"""Which package of kernels an array belongs to, where that is not this machine's: told by the class of the array.

    register("cuda", DeviceArray, package)      # once, by the package itself

NumPy's arrays are this machine's, and need not be registered.
"""

from types import ModuleType
from typing import Any

OF_CLASS: dict[type, Any] = {}
NAMED: dict[str, Any] = {}


def register(name: str, kind: type, package: ModuleType) -> None:
    """From now on arrays of class `kind` are computed by `package`, and `kernels.use(backend=name)` chooses it."""
    OF_CLASS[kind] = NAMED[name] = package
