"""A pickle read as data: a small stack machine of our own, in which no instruction can run anything.

`pickletools` splits the bytes into instructions; `pickle` is not used. An instruction that is not listed here is
refused, and so is every name of a class or function that the caller does not list. Strings, numbers, lists, tuples and
dictionaries are made as they are told; for a listed name a function of ours is called.

Bounds: instructions, and their arguments by the file's length. Keys of dictionaries become text: numbers can be chosen
so that their hashes collide, and the hash of a tuple that holds itself many times over takes exponential time. Nothing
is walked recursively.
"""

import pickletools
import warnings
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO, NamedTuple, final

from cnnkit.serialize.foreign.refused import Refused, printable

MOST_INSTRUCTIONS = 1_000_000

_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
# Instructions that push their argument.
_NUMBERS = ("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT")
_TEXTS = ("STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8")
_PLAIN = frozenset((*_NUMBERS, *_TEXTS, "BINBYTES", "SHORT_BINBYTES", "BINBYTES8"))
_EMPTY: dict[str, Callable[[], Any]] = {"EMPTY_LIST": list, "EMPTY_DICT": dict, "EMPTY_TUPLE": tuple}
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}


class Known(NamedTuple):
    """A listed name of a class, function or constant, standing for itself."""

    name: str


class Forbidden(Refused):
    """A pickle asks for something that would run code."""


Calls = Mapping[str, Callable[..., Any] | None]


def read(file: BinaryIO, calls: Calls, persistent: Callable[[Any], Any] | None = None) -> Any:
    """The object that the pickle at the file's place tells; the file then stands behind it.

    calls: by "module name", what stands in for a function or class; None for names that are only mentioned.
    persistent: what a persistent id stands for.

    Raises:
        Forbidden: it asks for any other name, or for an instruction that could run code.
        Refused: it is endless, or not a pickle.
    """
    machine = _Machine(calls, persistent)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of odd escapes in texts
        for count, (opcode, argument, _) in enumerate(pickletools.genops(file)):
            if count >= MOST_INSTRUCTIONS:
                raise Refused(f"holds a pickle of more than {MOST_INSTRUCTIONS:,} instructions: it is no weight file.")
            if opcode.name == "STOP":
                return machine.stack.pop()
            machine.step(opcode.name, argument)
    raise Refused("is truncated in its pickle. Download it again.")


@final
class _Machine:
    """The stack, the stacks set aside at each mark, and the memo."""

    def __init__(self, calls: Calls, persistent: Callable[[Any], Any] | None) -> None:
        self.calls, self.persistent = calls, persistent
        self.stack: list[Any] = []
        self.aside: list[list[Any]] = []
        self.memo: dict[int, Any] = {}

    def step(self, name: str, argument: Any) -> None:
        """Carry out one instruction."""
        if name in _PLAIN:
            self.stack.append(argument)
        elif name in _CONSTANTS:
            self.stack.append(_CONSTANTS[name])
        elif name in _EMPTY:
            self.stack.append(_EMPTY[name]())
        elif name in _TUPLES:
            items = [self.stack.pop() for _ in range(_TUPLES[name])]
            self.stack.append(tuple(reversed(items)))
        else:
            self._other(name, argument)

    def _other(self, name: str, argument: Any) -> None:
        match name:
            case "PROTO" | "FRAME":
                pass
            case "MARK":
                self.aside.append(self.stack)
                self.stack = []
            case "PUT" | "BINPUT" | "LONG_BINPUT":
                if not 0 <= argument < MOST_INSTRUCTIONS:
                    raise ValueError("a pickle remembers at a number that no pickle reaches")
                self.memo[argument] = self.stack[-1]
            case "MEMOIZE":
                self.memo[len(self.memo)] = self.stack[-1]
            case "GET" | "BINGET" | "LONG_BINGET":
                self.stack.append(self.memo[argument])
            case "TUPLE":
                self._push(tuple(self._since_mark()))
            case "LIST":
                self._push(self._since_mark())
            case "DICT":
                self._push(_filled({}, self._since_mark()))
            case "APPEND":
                self._extend([self.stack.pop()])
            case "APPENDS":
                self._extend(self._since_mark())
            case "SETITEM":
                value, key = self.stack.pop(), self.stack.pop()
                _filled(self.stack[-1], [key, value])
            case "SETITEMS":
                items = self._since_mark()
                _filled(self.stack[-1], items)
            case "GLOBAL":
                self._push(self._known(argument))
            case "STACK_GLOBAL":
                attribute, module = self.stack.pop(), self.stack.pop()
                self._push(self._known(f"{_text(module)} {_text(attribute)}"))
            case "REDUCE":
                arguments, function = self.stack.pop(), self.stack.pop()
                self._push(self._call(function, arguments))
            case "BUILD":
                self._build()
            case "BINPERSID":
                self._push(self._persistent(self.stack.pop()))
            case _:
                raise Forbidden(f"holds the pickle instruction {name}, which no state dict needs: the file is refused.")

    def _push(self, value: Any) -> None:
        self.stack.append(value)

    def _since_mark(self) -> list[Any]:
        items, self.stack = self.stack, self.aside.pop()
        return items

    def _extend(self, items: list[Any]) -> None:
        if not isinstance(self.stack[-1], list):
            raise ValueError("a pickle appends to what is no list")
        self.stack[-1].extend(items)

    def _known(self, name: str) -> Known:
        if name not in self.calls:
            raise Forbidden(
                f"asks for {printable(name).replace(' ', '.', 1)}, which is no part of a state dict: the file is "
                "refused. Save model.state_dict() alone, with torch.save or safetensors."
            )
        return Known(name)

    def _call(self, function: Any, arguments: Any) -> Any:
        call = self.calls.get(function.name) if isinstance(function, Known) else None
        if call is None or not isinstance(arguments, tuple):
            raise Forbidden("calls something that is no function of a state dict: the file is refused.")
        return call(*arguments)

    def _build(self) -> None:
        """The attributes of an object are dropped: of a dictionary (its versions), or of a tensor (its hooks)."""
        self.stack.pop()
        if isinstance(self.stack[-1], list | tuple | str | bytes | int | float | None):
            raise Forbidden("gives attributes to something that has none: the file is refused.")

    def _persistent(self, key: Any) -> Any:
        if self.persistent is None:
            raise Forbidden("holds a persistent id where none belongs: the file is refused.")
        return self.persistent(key)


def _filled(mapping: Any, items: list[Any]) -> dict[Any, Any]:
    if not isinstance(mapping, dict) or len(items) % 2:
        raise ValueError("a pickle sets items of what is no dictionary")
    for key, value in zip(items[::2], items[1::2], strict=True):
        if not isinstance(key, str | int | float | None):
            raise Refused("has a dictionary whose keys are no names: it is no state dict.")
        name = str(key)
        if name in mapping:
            raise Refused(f"has the name {printable(name)} twice in one dictionary.")
        mapping[name] = value
    return mapping


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("a pickle asks for a name that is no text")
    return value
