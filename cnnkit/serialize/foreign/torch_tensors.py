"""Tensors as torch's pickles claim them: views of storages, checked before a byte is taken for them.

A storage is a run of numbers of one type; a tensor is a view of it: offset, sizes and strides, counted in numbers.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from cnnkit.kernels.shared.array import Host
from cnnkit.serialize.foreign.half import widened
from cnnkit.serialize.foreign.pickle_machine import Calls, Known
from cnnkit.serialize.foreign.refused import Refused, printable

WHOLE_MODEL = "holds a whole model, not a state dict: opening it would run its code. Save model.state_dict() instead."
_MOST_AXES = 16
_MOST_NUMBERS = 2**40

_BFLOAT16 = "bfloat16"
_TYPES = {
    "Float": "float32",
    "Double": "float64",
    "Half": "float16",
    "BFloat16": _BFLOAT16,
    "Long": "int64",
    "Int": "int32",
    "Short": "int16",
    "Char": "int8",
    "Byte": "uint8",
    "Bool": "bool",
}
_STORAGES = {f"torch {name}Storage": dtype for name, dtype in _TYPES.items()}
_UNTYPED = "torch.storage UntypedStorage"
_DTYPES = {f"torch {dtype}": dtype for dtype in _TYPES.values()}


@final
@dataclass(frozen=True)
class Storage:
    """A run of numbers in the file, under a key; nothing of it is read yet. dtype "" is bytes of no type."""

    key: str
    dtype: str
    numbers: int

    @property
    def nbytes(self) -> int:
        return self.numbers * (_item_bytes(self.dtype) if self.dtype else 1)


@final
@dataclass(frozen=True)
class Claim:
    """A tensor: which numbers of which storage. It was checked that they lie within."""

    storage: Storage
    dtype: str
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    @property
    def nbytes(self) -> int:
        return _product(self.shape) * max(_item_bytes(self.dtype), 4)

    def read(self, content: bytes | memoryview, *, big_endian: bool = False) -> Host:
        """The tensor from the bytes of its storage: a view where numpy knows the type."""
        stored = np.dtype("uint16" if self.dtype == _BFLOAT16 else self.dtype)
        stored_there = stored.newbyteorder(">" if big_endian else "<")
        numbers = np.frombuffer(content, stored_there) if len(content) else np.empty(0, stored_there)
        strides = tuple(stride * stored.itemsize for stride in self.strides)
        view: Host = np.lib.stride_tricks.as_strided(numbers[self.offset :], self.shape, strides, writeable=False)
        if self.dtype == _BFLOAT16:
            return widened(view)
        return view.astype(stored, copy=False)


def storage(key: Any) -> Storage:
    """What a persistent id stands for: ("storage", type, key, where it lay, numbers, ...)."""
    if isinstance(key, tuple) and key[:1] == ("module",):
        raise Refused(WHOLE_MODEL)
    if not isinstance(key, tuple) or len(key) not in (5, 6) or key[0] != "storage" or not isinstance(key[2], str):
        raise Refused("refers to something that is no storage of a tensor: it is not opened.")
    kind = key[1].name if isinstance(key[1], Known) else ""
    if kind not in _STORAGES and kind != _UNTYPED:
        raise Refused(f"has a storage of a kind that cnnkit does not read: {printable(kind)}.")
    if len(key) == 6 and key[5] is not None:
        raise Refused("has storages that are views of others, as torch wrote them before version 0.4. Save it again.")
    return Storage(key[2], _STORAGES.get(kind, ""), _count(key[4], "numbers"))


def calls() -> Calls:
    """What a state dict's pickle may ask for, by "module name"."""
    allowed: dict[str, Callable[..., Any] | None] = {
        "collections OrderedDict": _ordered,
        "torch Size": _size,
        "torch._utils _rebuild_tensor": _tensor,
        "torch._utils _rebuild_tensor_v2": _tensor,
        "torch._utils _rebuild_tensor_v3": _typed_tensor,
        "torch._utils _rebuild_parameter": _parameter,
        "torch._utils _rebuild_parameter_with_state": _parameter,
    }
    mentioned = [*_STORAGES, *_DTYPES, _UNTYPED, "torch.storage TypedStorage", "torch.storage _UntypedStorage"]
    return allowed | dict.fromkeys(mentioned)


def _tensor(source: Any, offset: Any, shape: Any, strides: Any, *rest: Any) -> Claim:
    if not isinstance(source, Storage) or not source.dtype:
        raise Refused("has a tensor without a storage of numbers.")
    return _claim(source, source.dtype, offset, shape, strides)


def _typed_tensor(
    source: Any, offset: Any, shape: Any, strides: Any, requires_grad: Any, hooks: Any, dtype: Any, *rest: Any
) -> Claim:
    name = _DTYPES.get(dtype.name) if isinstance(dtype, Known) else None
    if name is None or not isinstance(source, Storage) or source.nbytes % _item_bytes(name):
        raise Refused("has a tensor of a type that cnnkit does not read.")
    return _claim(Storage(source.key, name, source.nbytes // _item_bytes(name)), name, offset, shape, strides)


def _claim(source: Storage, dtype: str, offset: Any, shape: Any, strides: Any) -> Claim:
    if not isinstance(shape, tuple) or not isinstance(strides, tuple) or len(shape) != len(strides):
        raise Refused("has a tensor whose sizes and strides do not belong together.")
    if len(shape) > _MOST_AXES:
        raise Refused(f"has a tensor of {len(shape)} axes, expected at most {_MOST_AXES}.")
    offset = _count(offset, "offset")
    shape = tuple(_count(length, "size") for length in shape)
    strides = tuple(_count(stride, "stride") for stride in strides)
    if 0 not in shape:
        last = offset + sum((length - 1) * stride for length, stride in zip(shape, strides, strict=True))
        if last >= source.numbers or _product(shape) > source.numbers:
            raise Refused(
                f"has a tensor {shape} at {offset:,} with strides {strides}, "
                f"which is outside its storage of {source.numbers:,} numbers."
            )
    elif offset > source.numbers:
        raise Refused("has an empty tensor outside its storage.")
    return Claim(source, dtype, offset, shape, strides)


def _parameter(data: Any, *rest: Any) -> Claim:
    if not isinstance(data, Claim):
        raise Refused("has a parameter that is no tensor.")
    return data


def _size(values: Any) -> tuple[Any, ...]:
    # Never a copy: a list that is remembered could be copied a hundred thousand times.
    if not isinstance(values, tuple):
        raise Refused("has a size that is no tuple.")
    return values


def _ordered(*pairs: Any) -> dict[str, Any]:
    if pairs:
        raise Refused("has a dictionary in a form that torch does not write.")
    return {}


def _count(value: Any, what: str) -> int:
    """A whole number that can be meant so: 2^40 numbers would be terabytes."""
    if type(value) is not int or not 0 <= value <= _MOST_NUMBERS:
        raise Refused(f"has a tensor whose {what} is invalid: negative, not a whole number, or above 2^40.")
    return value


def _product(shape: tuple[int, ...]) -> int:
    product = 1
    for length in shape:
        product *= length
    return product


def _item_bytes(dtype: str) -> int:
    return 2 if dtype == _BFLOAT16 else np.dtype(dtype).itemsize
