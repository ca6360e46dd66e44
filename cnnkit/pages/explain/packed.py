"""Facts and arrays of a page as one compressed text, which `unpack.js` reads.

The text is base64 of a zlib stream of: the length of the JSON as 4 bytes (little endian), the JSON in UTF-8, spaces up
to a multiple of 4 bytes, and float32 numbers. In the JSON an array is {"at": its first number, "shape": [...]}.
"""

import base64
import json
import struct
import zlib
from typing import Any, final

import numpy as np
import numpy.typing as npt

from cnnkit.serialize.harmless import harmless


@final
class Arrays:
    """Arrays that go into a page, each told by its place."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._length = 0

    def add(self, values: npt.ArrayLike) -> dict[str, Any]:
        """The place of `values`, kept as float32."""
        array = np.ascontiguousarray(values, "<f4")
        place = {"at": self._length, "shape": list(array.shape)}
        self._pieces.append(array.tobytes())
        self._length += array.size
        return place

    @property
    def size(self) -> int:
        """Of all arrays, in numbers."""
        return self._length

    def pack(self, facts: object) -> str:
        """The text of the facts and of all arrays. Numbers in the facts must be finite; texts become harmless."""
        text = json.dumps(_spelt_out(facts), ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
        text += b" " * (-len(text) % 4)
        whole = struct.pack("<I", len(text)) + text + b"".join(self._pieces)
        return base64.b64encode(zlib.compress(whole, 9)).decode("ascii")


def _spelt_out(facts: Any) -> Any:
    """The same facts, whose texts a script may show as they are."""
    if isinstance(facts, str):
        return harmless(facts)
    if isinstance(facts, dict):
        return {name: _spelt_out(value) for name, value in facts.items()}
    return [_spelt_out(value) for value in facts] if isinstance(facts, list | tuple) else facts
