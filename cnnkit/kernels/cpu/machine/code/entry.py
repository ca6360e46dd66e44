"""The machine code of a kernel for arguments of one signature, as something to call."""

from collections.abc import Callable, Sequence
from ctypes import CFUNCTYPE, c_char_p, c_int32
from typing import Any, final

from cnnkit.kernels.cpu.machine.code.kinds import Signature, words_of

# int32 entry(const word *arguments), 0 where all went well. ctypes lets go of Python's lock meanwhile.
_ENTRY = CFUNCTYPE(c_int32, c_char_p)


@final
class Entry:
    """name: of the kernel.   address: where its machine code lies in this process."""

    __slots__ = ("_call", "_words", "name")

    def __init__(self, name: str, address: int, signature: Signature) -> None:
        self.name, self._call, self._words = name, _ENTRY(address), words_of(signature)

    def __call__(self, *args: Any) -> None:
        """Run it: arguments of the signature's types, which are not looked at again."""
        if self._call(self._words(args)):
            raise RuntimeError(f"the kernel {self.name} raised an error")

    def bound(self, args: Sequence[Any]) -> Callable[[], None]:
        """A call with these very arguments, whose words are made once."""
        kept, words, call = tuple(args), self._words(args), self._call

        def again() -> None:
            if call(words):
                raise RuntimeError(f"the kernel {self.name} raised an error, given {kept}")

        return again
