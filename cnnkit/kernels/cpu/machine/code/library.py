"""A kernel and all that it calls as one module for LLVM, optimised once and then one object file.

Numba optimises every function by itself, makes machine code of it, and does so again within each that calls it. Of all
this only the outermost is used: to leave the rest out takes a third of a compilation.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from numba.core.codegen import CPUCodeLibrary, JITCodeLibrary
from numba.core.registry import cpu_target

from cnnkit.kernels.cpu.machine.lanes import LANES


@contextmanager
def in_parts() -> Iterator[None]:
    """Inside, what Numba compiles becomes parts of a `Whole`. The lock of its compiler must be held."""
    codegen = cpu_target.target_context.codegen()
    codegen._library_class = Part
    try:
        yield
    finally:
        del codegen._library_class


class _Codegen:
    """Numba's own, that has no machine code in which a function would look for its surroundings."""

    def __init__(self, codegen: Any) -> None:
        self._codegen = codegen

    def __getattr__(self, name: str) -> Any:
        return getattr(self._codegen, name)

    def set_env(self, name: str, environment: Any) -> None:
        pass


class Part(JITCodeLibrary):
    """A function that is not made machine code of, nor optimised before all that calls it is known.

    But with vectors of four floats one that is to be written out where it is called, a hot loop, is optimised by
    itself: its tile is in registers then. Optimised with its caller alone, SSE's direct tile had 16 loads and stores of
    sums in every turn. Wider vectors have none either way, and to do it takes a fifth more time.
    """

    _own: Any = None

    @property
    def codegen(self) -> Any:
        return _Codegen(self._codegen)

    def finalize(self) -> None:
        self._raise_if_finalized()
        if LANES == 4 and any(b"alwaysinline" in found.attributes for found in self._final_module.functions):
            link(self)
            self._linking_libraries.clear()
            self._optimize_final_module()
        self._finalized = True

    def get_pointer_to_function(self, name: str) -> int:
        self._ensure_finalized()
        return 0

    def own_module(self) -> Any:
        """It alone, in a form that may be linked."""
        if self._own is None:
            self._own, self._shared_module = super()._get_module_for_linking(), None
        return self._own

    def _get_module_for_linking(self) -> Any:
        """For a function of somebody else's, which may meet one that Numba has compiled for a kernel."""
        if self._shared_module is None:
            whole = self.own_module().clone()
            for module in modules_under(self):
                whole.link_in(module, preserve=True)
            self._shared_module = whole
        return self._shared_module


class Whole(CPUCodeLibrary):
    """A library that becomes an object file, of which the function of its name can be seen."""

    content = b""

    def finalize(self) -> None:
        self._raise_if_finalized()
        link(self)
        self._optimize_final_module()
        self._final_module.verify()
        self._verify_declare_only_symbols()
        for found in (*self._final_module.functions, *self._final_module.global_variables):
            if not found.is_declaration and found.name != self.name:
                found.linkage = "internal"
        self.content = emitted(self._codegen._tm, self._final_module)
        self._finalized = True

    def needs(self) -> Iterator[str]:
        """What it calls but does not hold."""
        for found in (*self._final_module.functions, *self._final_module.global_variables):
            if found.is_declaration and not found.name.startswith("llvm."):
                yield found.name


def link(library: Any) -> None:
    """Make all that a library calls part of it."""
    for module in modules_under(library):
        library._final_module.link_in(module, preserve=True)


def modules_under(library: Any) -> list[Any]:
    """Of all that it calls, and what that calls, each module once, in a form that may be linked."""
    found: dict[Any, Any] = {}
    waiting = list(library._linking_libraries)
    while waiting:
        other = waiting.pop()
        if other not in found:
            if isinstance(other, Part):
                found[other] = other.own_module()
                waiting += other._linking_libraries
            else:
                found[other] = other._get_module_for_linking()
    return list(found.values())


def emitted(machine: Any, module: Any) -> bytes:
    """An optimised module as an object file."""
    return bytes(machine.emit_object(module))
