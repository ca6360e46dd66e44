"""How a file becomes hostile: bytes flipped, cut, doubled and mixed, numbers made huge, values of records replaced."""

import json
import re
from collections.abc import Callable
from typing import Any

import numpy as np

LONG = 10**400
EXTREMES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 2**62, 2**64 - 1)
VALUES: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    1,
    -1,
    2**31,
    2**63,
    LONG,
    0.5,
    -1e308,
    float("nan"),
    float("inf"),
    "",
    "a",
    "\x00",
    "\udcff",
    "../../x",
    "9" * 400,
    [],
    [0],
    [[]],
    {},
    {"a": 1},
)
TOKENS = (
    b"nan",
    b"-1",
    b"1e999",
    b"9" * 400,
    b"0",
    b'"',
    b"[" * 3000,
    b"{" * 3000,
    b"\x00",
    b"\xff\xfe",
    b",,,",
    b"\n",
)


def of_bytes(rng: np.random.Generator, data: bytes) -> bytes:
    """The file after one to four changes."""
    for _ in range(int(rng.integers(1, 5))):
        data = _CHANGES[rng.integers(len(_CHANGES))](rng, data)
    return data


def of_record(rng: np.random.Generator, record: Any) -> Any:
    """A record (as JSON holds it) with one to three values replaced, taken away or put in a list."""
    record = json.loads(json.dumps(record))
    for _ in range(int(rng.integers(1, 4))):
        places = list(_places(record))
        if not places:
            return record
        within, name = places[rng.integers(len(places))]
        choice = rng.integers(8)
        if choice == 0:
            del within[name]
        elif choice == 1:
            within[name] = [within[name]]
        elif choice == 2 and isinstance(within[name], int | float):
            within[name] = within[name] * int(rng.integers(-3, 1000))
        else:
            within[name] = VALUES[rng.integers(len(VALUES))]
    return record


def _places(record: Any) -> Any:
    pairs = record.items() if isinstance(record, dict) else enumerate(record) if isinstance(record, list) else ()
    for name, value in list(pairs):
        yield record, name
        yield from _places(value)


def _span(rng: np.random.Generator, data: bytes) -> tuple[int, int]:
    start = int(rng.integers(len(data) + 1))
    return start, min(len(data), start + int(2 ** rng.integers(0, 10)))


def _flip(rng: np.random.Generator, data: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(int(rng.integers(1, 9)) if data else 0):
        # Half of them where headers are.
        place = int(rng.integers(len(data) if rng.integers(2) else min(len(data), 128)))
        changed[place] ^= 1 << int(rng.integers(8))
    return bytes(changed)


def _cut(rng: np.random.Generator, data: bytes) -> bytes:
    return data[: int(rng.integers(len(data) + 1))]


def _drop(rng: np.random.Generator, data: bytes) -> bytes:
    start, end = _span(rng, data)
    return data[:start] + data[end:]


def _double(rng: np.random.Generator, data: bytes) -> bytes:
    start, end = _span(rng, data)
    return data[:end] + data[start:end] * int(rng.integers(1, 30)) + data[end:]


def _insert(rng: np.random.Generator, data: bytes) -> bytes:
    start, _ = _span(rng, data)
    more = rng.bytes(int(rng.integers(1, 64))) if rng.integers(2) else TOKENS[rng.integers(len(TOKENS))]
    return data[:start] + more + data[start:]


def _blank(rng: np.random.Generator, data: bytes) -> bytes:
    start, end = _span(rng, data)
    return data[:start] + bytes([int(rng.choice([0, 255]))]) * (end - start) + data[end:]


def _swap(rng: np.random.Generator, data: bytes) -> bytes:
    (a, b), (c, d) = sorted([_span(rng, data), _span(rng, data)])
    return data if b > c else data[:a] + data[c:d] + data[b:c] + data[a:b] + data[d:]


def _number(rng: np.random.Generator, data: bytes) -> bytes:
    """A binary number becomes an extreme one."""
    width = int(rng.choice([1, 2, 4, 8]))
    value = EXTREMES[rng.integers(len(EXTREMES))] & (256**width - 1)
    place = int(rng.integers(max(1, (len(data) if rng.integers(2) else min(len(data), 128)) - width)))
    return data[:place] + value.to_bytes(width, str(rng.choice(["little", "big"]))) + data[place + width :]  # type: ignore[arg-type]


def _digits(rng: np.random.Generator, data: bytes) -> bytes:
    """A number in text becomes another one."""
    found = list(re.finditer(rb"-?\d+", data[:20_000]))
    if not found:
        return data
    match = found[rng.integers(len(found))]
    return data[: match.start()] + TOKENS[rng.integers(len(TOKENS))] + data[match.end() :]


_CHANGES: tuple[Callable[[np.random.Generator, bytes], bytes], ...] = (
    _flip,
    _flip,
    _cut,
    _drop,
    _double,
    _insert,
    _blank,
    _swap,
    _number,
    _number,
    _digits,
)
