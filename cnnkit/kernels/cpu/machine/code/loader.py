"""Machine code made part of this process by LLVM, without the compiler that made it.

code = Code("name", needs, content)     what a compiler gives, and what lies on disk
address = load(code)                    where the function of this name lies from now on
"""

import json
import sys
from typing import Any, NamedTuple

import llvmlite.binding as llvm

# How object files begin: given anything else, LLVM would end the process.
_BEGINNING = {"linux": b"\x7fELF", "darwin": b"\xcf\xfa\xed\xfe"}.get(sys.platform, b"")


class Code(NamedTuple):
    """name: of its one function.   needs: names of those that it calls but does not hold.   content: an object file."""

    name: str
    needs: list[str]
    content: bytes

    def to_bytes(self) -> bytes:
        """As one text: the names in a line of JSON, then the object file."""
        return json.dumps([self.name, *self.needs]).encode() + b"\n" + self.content

    @classmethod
    def from_bytes(cls, text: bytes, name: str) -> "Code":
        """What `to_bytes` made of the code of this function.

        Raises:
            ValueError: it is something else.
        """
        head, _, content = text.partition(b"\n")
        names = json.loads(head)
        if not isinstance(names, list) or names[:1] != [name] or not all(isinstance(other, str) for other in names):
            raise ValueError(f"it does not begin with {name}")
        if not content.startswith(_BEGINNING):
            raise ValueError("it holds no object file")
        return cls(name, names[1:], content)


_engine: Any = None


def load(code: Code) -> int:
    """The address of its function.

    Raises:
        RuntimeError: it needs what is not here.
    """
    missing = [need for need in code.needs if not llvm.address_of_symbol(need)]
    if missing:  # LLVM would end the process
        raise RuntimeError(f"there is no {' and no '.join(missing)} in this process")
    engine = _made()
    engine.add_object_file(llvm.ObjectFileRef.from_data(code.content))
    engine.finalize_object()
    return int(engine.get_function_address(code.name))


def _made() -> Any:
    global _engine
    if _engine is None:
        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        machine = llvm.Target.from_triple(llvm.get_process_triple()).create_target_machine(jit=True)
        _engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)
    return _engine
