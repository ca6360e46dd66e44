"""Records from files, field by field: a right checksum says that no bit was flipped, not that the values make sense."""

import math
import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any, TypeVar

Made = TypeVar("Made")
Range = tuple[float, float]

# Above this a whole number is no count of anything, and no longer exact as a real one.
MOST = 2**53
_WORDS = {int: "a whole number", float: "a finite number", bool: "true or false", str: "a text", type(None): "nothing"}


def check(where: str, name: str, value: object, kind: Any, within: Range | None = None) -> Any:
    """The value if it is of this kind, a whole number also as a real one; ValueError that names the field if not.

    kind: int, float, bool, str, None, a union of them, or list[one of them].
    within: least and most of a number; by default of a whole one 0 and 2^53, of a real one all finite.
    """
    kinds = typing.get_args(kind) if isinstance(kind, types.UnionType) else (kind,)
    for one in kinds:
        if one is None or one is type(None):
            if value is None:
                return None
        elif typing.get_origin(one) is list:
            if isinstance(value, list | tuple):
                item = typing.get_args(one)[0]
                return [check(where, f"{name}[{i}]", v, item, within) for i, v in enumerate(value)]
        elif one is float:
            if type(value) in (int, float) and _inside(value, within or (-math.inf, math.inf)):
                return float(typing.cast(float, value))
        elif one is int:
            if type(value) is int and _inside(value, within or (0, MOST)):
                return value
        elif type(value) is one:
            return value
    raise ValueError(f"{where}: {name} is {value!r:.60}, expected {_expected(kinds, within)}")


def made(cls: type[Made], record: object, where: str, ranges: Mapping[str, Range] | None = None, **given: Any) -> Made:
    """A dataclass from a record: each field checked by its annotation, none too many, and none missing without default.

    ranges: by field, as `within` of `check`.   given: fields that the caller checked.

    Raises:
        ValueError: it names the field, what it is and what was expected.
    """
    if not isinstance(record, Mapping):
        raise ValueError(f"{where} is {record!r:.60}, expected named fields")
    # What is annotated in quotes is nothing that a file holds.
    known = {f.name: f for f in fields(cls) if not isinstance(f.type, str)}  # type: ignore[arg-type]  # a dataclass
    if unknown := sorted(str(name) for name in record.keys() - known.keys()):
        raise ValueError(f"{where} has the field {unknown[0]!r:.60}, which is not known here")
    values = dict(given)
    for name, about in known.items():
        if name in values:
            continue
        if name in record:
            values[name] = check(where, name, record[name], about.type, (ranges or {}).get(name))
        elif about.default is MISSING and about.default_factory is MISSING:
            raise ValueError(f"{where} has no field {name!r}")
    return cls(**values)


def _inside(value: Any, within: Range) -> bool:
    """Whether it is a number in the range; numbers too long for a float are in none."""
    try:
        return math.isfinite(value) and within[0] <= value <= within[1]
    except OverflowError:
        return False


def _expected(kinds: tuple[Any, ...], within: Range | None) -> str:
    words = []
    for kind in kinds:
        if typing.get_origin(kind) is list:
            words.append("a list")
        elif kind in (int, float) and within is not None:
            words.append(f"{_WORDS[kind]} from {within[0]:g} to {within[1]:g}")
        else:
            words.append(_WORDS.get(type(None) if kind is None else kind, str(kind)))
    return " or ".join(words)
