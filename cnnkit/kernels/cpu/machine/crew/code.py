"""Functions of the crew as machine code, kept on disk as kernels are."""

from collections.abc import Callable
from typing import Any

import numba

from cnnkit.kernels.cpu.machine.cache import KernelCache
from cnnkit.kernels.cpu.machine.flags import ENTRY


def compiled(function: Callable[..., None], *kinds: Any) -> Any:
    """The function for arguments of these types, ready to be called by Python without the GIL."""
    dispatcher = numba.njit(**ENTRY)(function)
    dispatcher._cache = KernelCache(function)
    dispatcher.compile(kinds)
    return dispatcher


def address_of(dispatcher: Any, *kinds: Any) -> int:
    """Where it begins, for callers in machine code. They must not hope for errors: there is no one to raise them to."""
    result = dispatcher.overloads[kinds]
    return int(result.library.get_pointer_to_function(result.fndesc.llvm_cfunc_wrapper_name))
