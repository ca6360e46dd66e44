"""State dicts of torch, in both of its layouts, without torch and without running anything.

    old     pickles one after the other: a magic number, a protocol, the system, the object, the keys of its storages;
            then for each key the count of its numbers (int64) and the numbers
    zip     <any folder>/data.pkl, the object; data/<key>, the numbers of each storage; byteorder; version

The pickles are read by `pickle_machine`, which knows dictionaries and tensors alone.
"""

import io
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from cnnkit.kernels.shared.array import Host
from cnnkit.serialize import files
from cnnkit.serialize.foreign import pickle_machine
from cnnkit.serialize.foreign.archive import Archive, most_unpacked
from cnnkit.serialize.foreign.pickle_machine import Forbidden
from cnnkit.serialize.foreign.refused import Refused, printable, refusing
from cnnkit.serialize.foreign.torch_tensors import WHOLE_MODEL, Claim, Storage, calls, storage

_MAGIC = 0x1950A86A20F9469CFC6C
_OLD_PROTOCOL = 1001
_LARGEST = 4 * 2**30
_LARGEST_PICKLE = 64 * 2**20
_DEEPEST = 4
# Where training scripts put the state dict among other things, the likeliest first.
_WRAPPERS = (
    "state_dict",
    "model_state_dict",
    "model_state",
    "model",
    "net",
    "network",
    "params",
    "model_ema",
    "ema",
    "state_dict_ema",
    "params_ema",
    "weights",
)
_SCRIPT = "holds a TorchScript program, not a state dict. Save model.state_dict() instead, with torch.save."

Contents = Callable[[Storage], bytes | memoryview]
Arrays = dict[str, Host]


def read_torch(path: Path) -> tuple[Arrays, list[str]]:
    """The arrays of a state dict in a .pth, .pt or .th file by name; and notes on where in the file it lay.

    Raises:
        CheckpointError: the file is damaged, or asks for anything but tensors, or claims more than it holds.
    """
    with refusing(path):
        data = files.read_whole(path, _LARGEST)
        return of_zip(data) if data[:4] == b"PK\x03\x04" else of_pickles(data)


def of_zip(data: bytes) -> tuple[Arrays, list[str]]:
    """`read_torch` for the bytes of the zip layout. Raises Refused, or what parsers raise on damaged bytes."""
    archive = Archive(data)
    pickles = [name for name in archive.names if name.split("/")[1:] == ["data.pkl"] or name == "data.pkl"]
    if len(pickles) != 1:
        raise Refused("is a zip archive without the one data.pkl of a state dict.")
    folder = pickles[0].removesuffix("data.pkl")
    if f"{folder}constants.pkl" in archive.names or any(name.startswith(f"{folder}code/") for name in archive.names):
        raise Refused(_SCRIPT)
    order = archive.read(f"{folder}byteorder", 16) if f"{folder}byteorder" in archive.names else b"little"
    if order not in (b"little", b"big"):
        raise Refused("does not say its byte order as torch does.")
    pickled = archive.read(pickles[0], _LARGEST_PICKLE)
    told = _object(io.BytesIO(pickled), pickled, storage)

    def contents(wanted: Storage) -> bytes:
        name = f"{folder}data/{wanted.key}"
        if archive.size(name) != wanted.nbytes:
            raise _wrong_length(wanted, archive.size(name))
        return archive.read(name, wanted.nbytes)

    return _arrays(told, contents, most_unpacked(len(data)), big_endian=order == b"big")


def of_pickles(data: bytes) -> tuple[Arrays, list[str]]:
    """`read_torch` for the bytes of the old layout. Raises Refused, or what parsers raise on damaged bytes."""
    file = io.BytesIO(data)
    if _object(file, data) != _MAGIC:
        raise Refused("is a pickle, but not one of torch.save: the file is refused.")
    if _object(file, data) != _OLD_PROTOCOL:
        raise Refused("has an unknown layout of torch. Save it again with torch.save.")
    system = _object(file, data)
    if not isinstance(system, dict) or system.get("little_endian") is not True:
        raise Refused("was not written by a little-endian machine. Save it again on one.")
    mentioned: dict[str, Storage] = {}

    def persistent(key: Any) -> Storage:
        found = storage(key)
        return mentioned.setdefault(found.key, found) and found

    told = _object(file, data, persistent)
    places = _places(data, file, _object(file, data), mentioned)

    def contents(wanted: Storage) -> memoryview:
        start, length = places[wanted.key]
        if length != wanted.nbytes:
            raise _wrong_length(wanted, length)
        return memoryview(data)[start : start + length]

    return _arrays(told, contents, most_unpacked(len(data)))


def _places(data: bytes, file: BinaryIO, keys: Any, mentioned: dict[str, Storage]) -> dict[str, tuple[int, int]]:
    """(start, bytes) of every storage: they lie one after the other behind the pickles, in the order of the keys."""
    if not isinstance(keys, list) or not all(isinstance(key, str) and key in mentioned for key in keys):
        raise Refused("has no true list of its storages.")
    places: dict[str, tuple[int, int]] = {}
    start = file.tell()
    for key in keys:
        (numbers,) = struct.unpack_from("<q", data, start)
        start, length = start + 8, mentioned[key].nbytes
        if numbers != mentioned[key].numbers or start + length > len(data):
            raise _wrong_length(mentioned[key], len(data) - start)
        places[key] = (start, length)
        start += length
    return places


def _object(file: BinaryIO, pickled: bytes, persistent: Callable[[Any], Any] | None = None) -> Any:
    try:
        return pickle_machine.read(file, calls() if persistent else {}, persistent)
    except Forbidden as error:
        # A pickled model names the classes of its layers; a state dict never does.
        if b"torch.nn.modules." in pickled:
            raise Refused(WHOLE_MODEL) from error
        raise


def _arrays(told: Any, contents: Contents, most: int, *, big_endian: bool = False) -> tuple[Arrays, list[str]]:
    """Read the tensors of the state dict, each storage once, within `most` bytes in all."""
    state, notes = _state_dict(told)
    if sum(claim.nbytes for claim in state.values()) > most:
        raise Refused(f"claims tensors of more than {most:,} bytes, far more than it is long.")
    read: dict[Storage, bytes | memoryview] = {}
    arrays = {}
    for name, claim in state.items():
        if claim.storage not in read:
            read[claim.storage] = contents(claim.storage)
        arrays[name] = claim.read(read[claim.storage], big_endian=big_endian)
    return arrays, notes


def _state_dict(told: Any) -> tuple[dict[str, Claim], list[str]]:
    """The dictionary of tensors in what a training script saved, and where it was."""
    path: list[str] = []
    while isinstance(told, dict):
        within = next((name for name in _WRAPPERS if isinstance(told.get(name), dict)), None)
        if within is None or len(path) == _DEEPEST:
            break
        path.append(within)
        beside = [printable(name) for name in told if name != within]
        told = told[within]
    if isinstance(told, Claim):
        raise Refused("holds one tensor, not a state dict. Save model.state_dict().")
    tensors = {name: one for name, one in told.items() if isinstance(one, Claim)} if isinstance(told, dict) else {}
    if not tensors:
        held = (
            f" but {', '.join(printable(name) for name in list(told)[:5])}" if told and isinstance(told, dict) else ""
        )
        raise Refused(f"holds no state dict{held}. Save model.state_dict().")
    if not path:
        return tensors, []
    others = f", beside {', '.join(beside[:5])}" if beside else ""
    return tensors, [f"The weights used are those that the file calls {'/'.join(path)}{others}."]


def _wrong_length(wanted: Storage, held: int) -> Refused:
    return Refused(f"claims {wanted.nbytes:,} bytes for storage {printable(wanted.key)}, but holds {held:,}.")
