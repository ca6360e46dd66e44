"""The types of a kernel's arguments, and arguments as the words that its machine code reads.

A number is a word of eight bytes. An array is the address of its object: the code finds its data and sizes there, as
NumPy's macros do (PyArrayObject_fields, part of its binary interface). A tuple is its parts, one after another. So no
argument is taken apart in Python, and a call of thirty numbers costs two microseconds.

    signature = kinds_of((x, 3, win))       (Array("f4", 1), Number("i8"), Group(Window, (Number("i8"), ...)))
    words_of(signature)((x, 3, win))        bytes
"""

from collections.abc import Callable, Sequence
from struct import Struct
from typing import Any, NamedTuple

import numpy as np


class Number(NamedTuple):
    """dtype: by NumPy's name, such as "f4"."""

    dtype: str


class Array(NamedTuple):
    """Contiguous, aligned and writable."""

    dtype: str
    axes: int


class Group(NamedTuple):
    """A tuple, of a class of named tuples or a plain one."""

    form: type
    parts: "tuple[Kind, ...]"


Kind = Number | Array | Group
Signature = tuple[Kind, ...]


def kinds_of(args: Sequence[Any]) -> Signature:
    """The types of these arguments."""
    return tuple([kind_of(arg) for arg in args])


def kind_of(value: Any) -> Kind:
    """The type of one argument.

    Raises:
        TypeError: no kernel takes such a thing.
    """
    if isinstance(value, np.ndarray):
        if not value.flags.carray:
            raise TypeError(f"a kernel takes contiguous arrays that can be written to, not {value.flags}")
        return Array(_name(value.dtype), value.ndim)
    if isinstance(value, tuple):
        return Group(type(value), kinds_of(value))
    if isinstance(value, bool | int | float | np.generic):
        return Number(_name(np.dtype(type(value))))
    raise TypeError(f"a kernel takes arrays, numbers and tuples of them, not {type(value)}")


def _name(dtype: np.dtype[Any]) -> str:
    return dtype.str[1:]


def told(kinds: Sequence[Kind]) -> str:
    """The types as a text that is the same in every process."""
    return ", ".join(_told(kind) for kind in kinds)


def _told(kind: Kind) -> str:
    if isinstance(kind, Group):
        return f"{kind.form.__module__}.{kind.form.__qualname__}({told(kind.parts)})"
    return f"{kind.dtype}[{kind.axes}]" if isinstance(kind, Array) else kind.dtype


def words_of(signature: Signature) -> Callable[[Sequence[Any]], bytes]:
    """What makes words of arguments of these types."""
    pack = Struct("=" + "".join(_codes(signature))).pack
    ways = [(_way(kind), isinstance(kind, Group)) for kind in signature]

    def words(args: Sequence[Any]) -> bytes:
        found: list[Any] = []
        for (way, several), arg in zip(ways, args, strict=True):
            if several:
                found += way(arg)
            else:
                found.append(way(arg))
        return pack(*found)

    return words


def _codes(kinds: Sequence[Kind]) -> list[str]:
    """Each word in the letters of `struct`: floats of any width are handed over as doubles."""
    return [code for kind in kinds for code in (_codes(kind.parts) if isinstance(kind, Group) else [_code(kind)])]


def _code(kind: Number | Array) -> str:
    if isinstance(kind, Array):
        return "q"
    return {"f": "d", "b": "?7x", "u": "Q"}.get(kind.dtype[0], "q")


def _way(kind: Kind) -> Callable[[Any], Any]:
    """From an argument to its word, from a tuple to its words."""
    if isinstance(kind, Array):
        return id
    if isinstance(kind, Number):
        return _itself
    if all(isinstance(part, Number) for part in kind.parts):
        return tuple
    if all(isinstance(part, Array) for part in kind.parts):
        return lambda arrays: map(id, arrays)
    ways = [(_way(part), isinstance(part, Group)) for part in kind.parts]
    return lambda parts: [
        word
        for (way, several), part in zip(ways, parts, strict=True)
        for word in (way(part) if several else [way(part)])
    ]


def _itself(number: Any) -> Any:
    return number
