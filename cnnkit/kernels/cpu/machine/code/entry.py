"""The machine code of a kernel for arguments of one signature, as something to call."""

from collections.abc import Callable
from ctypes import CFUNCTYPE, c_char_p, c_int32
from functools import partial
from typing import Any, final

from cnnkit.kernels.cpu.machine.code.kinds import Signature, words_of

# int32 entry(const word *arguments), 0 where all went well. ctypes lets go of Python's lock meanwhile.
_ENTRY = CFUNCTYPE(c_int32, c_char_p)


@final
class Entry:
    """name: of the kernel.   address: where its machine code lies.   words: what makes words of its arguments."""

    __slots__ = ("_call", "address", "name", "words")

    def __init__(self, name: str, address: int, signature: Signature) -> None:
        self.name, self.address, self.words = name, address, words_of(signature)
        self._call = _ENTRY(address)

    def bound(self, args: tuple[Any, ...]) -> Callable[[], int]:
        """The call with these arguments, made words once: 0 where all went well. Arrays must live as long as it."""
        return partial(self._call, self.words(args))

    def __call__(self, *args: Any) -> None:
        """Run it: arguments of the signature's types, which are not looked at again."""
        if self._call(self.words(args)):
            raise RuntimeError(f"the kernel {self.name} raised an error")
