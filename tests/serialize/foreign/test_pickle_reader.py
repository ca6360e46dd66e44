"""State dicts of torch come back as arrays; whatever else a pickle may say is refused, and nothing is ever run."""

import builtins
import os
import pickle
import struct
import time
import tracemalloc
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from torch_files import Call, Global, Stored, old_file, pickled, state, tensor, zip_file

from cnnkit.errors import CheckpointError
from cnnkit.serialize.foreign import pickle_machine
from cnnkit.serialize.foreign.pickle_reader import read_torch

FILES = Path(__file__).parents[2] / "golden" / "torch_files"
LAYOUTS = {"zip": zip_file, "old": old_file}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "x.pth"


@contextmanager
def nothing_is_run():
    """Whatever a hostile pickle may want to call would be noticed, and so would `pickle` itself."""

    def called(*arguments, **rest):
        raise AssertionError(f"something was run: {arguments!r}")

    with pytest.MonkeyPatch.context() as patch:
        for name in ("system", "popen", "remove", "execv"):
            patch.setattr(os, name, called)
        for module, name in ((builtins, "eval"), (pickle, "Unpickler"), (pickle, "loads")):
            patch.setattr(module, name, called)
        yield


def refused(path: Path, content: bytes, match: str) -> None:
    """A CheckpointError that names the file, soon and without much memory."""
    path.write_bytes(content)
    tracemalloc.start()
    began = time.process_time()
    try:
        with pytest.raises(CheckpointError, match=match) as caught, nothing_is_run():
            read_torch(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert str(path) in str(caught.value) and len(str(caught.value)) < 700
    assert peak < 150 * 2**20, f"{peak:,} bytes were taken"
    assert time.process_time() - began < 60  # a hang, not a measurement


def expected() -> dict[str, np.ndarray]:
    base = np.arange(24, dtype=np.float32).reshape(2, 3, 4) / 8 - 1
    return {
        "plain": base,
        "transposed": base.transpose(2, 1, 0),
        "slice": base[1, :, 1:3],
        "stepped": base.reshape(-1)[3::5],
        "half": base[0].astype(np.float16),
        "bfloat16": base[1],
        "double": base.astype(np.float64),
        "counter": np.array(7),
        "flags": np.array([True, False]),
        "scalar": np.array(2.5, np.float32),
        "empty": np.zeros((0, 3), np.float32),
        "parameter": base[0],
    }


@pytest.mark.parametrize("name", ["zip", "zip_protocol_4", "old"])
def test_what_torch_saved_comes_back_bit_for_bit(name):
    arrays, notes = read_torch(FILES / f"{name}.pth")
    assert notes == [] and arrays.keys() == expected().keys()
    for key, array in expected().items():
        assert arrays[key].dtype == array.dtype and arrays[key].shape == array.shape
        np.testing.assert_array_equal(arrays[key], array)


@pytest.mark.parametrize("name", ["checkpoint_zip", "checkpoint_old"])
def test_the_state_dict_in_a_checkpoint_is_found_and_named(name):
    arrays, notes = read_torch(FILES / f"{name}.pth")
    assert notes == ["The weights used are those that the file calls model, beside epoch, optimizer, best."]
    assert arrays["0.weight"].shape == (2, 1, 3, 3) and arrays["1.running_var"].shape == (2,)


def test_the_published_resnet_32_equals_its_arrays(shared):
    folder = shared / "data" / "weights" / "resnet32-cifar10"
    arrays, _ = read_torch(folder / "resnet32-d509ac18.th")
    with np.load(folder / "resnet32-d509ac18.npz") as same:
        assert {f"module.{name}" for name in same.files} == arrays.keys()
        for name in same.files:
            np.testing.assert_array_equal(arrays[f"module.{name}"], same[name])


@pytest.mark.parametrize("layout", LAYOUTS)
def test_files_made_by_hand_are_read(path, rng, layout):
    told, storages, arrays = state(rng)
    path.write_bytes(LAYOUTS[layout](told, storages))
    read, _ = read_torch(path)
    for name, array in arrays.items():
        np.testing.assert_array_equal(read[name], array)


def test_a_packed_archive_under_any_folder_and_byte_order_is_read(path, rng):
    told, storages, arrays = state(rng)
    turned = {key: np.frombuffer(content, "<f4").astype(">f4").tobytes() for key, content in storages.items()}
    path.write_bytes(zip_file(told, turned, folder="réseau", packed=True, byteorder=b"big"))
    read, _ = read_torch(path)
    np.testing.assert_array_equal(read["w"], arrays["w"])
    assert read["w"].dtype == np.float32


@pytest.mark.parametrize("wrappers", [["state_dict"], ["model_state_dict"], ["net"], ["ema", "params"]])
def test_wrappers_are_told(path, rng, wrappers):
    told, storages, arrays = state(rng)
    for wrapper in reversed(wrappers):
        told = {"epoch": 3, wrapper: told}
    path.write_bytes(zip_file(told, storages))
    read, notes = read_torch(path)
    assert read.keys() == arrays.keys()
    assert notes == [f"The weights used are those that the file calls {'/'.join(wrappers)}, beside epoch."]


SYSTEM = Call(Global("os system"), ("touch pwned",))
CODE = [
    (SYSTEM, r"asks for os\.system, which is no part of a state dict: the file is refused"),
    (Call(Global("posix system"), ("true",)), r"asks for posix\.system"),
    (Call(Global("builtins eval"), ("1",)), r"asks for builtins\.eval"),
    (Call(Global("__builtin__ exec"), ("1",)), r"asks for __builtin__\.exec"),
    (Call(Global("torch.serialization load"), ("x",)), r"asks for torch\.serialization\.load"),
    (Call(Global("torch._utils _rebuild_tensor_v2.__globals__"), ()), "asks for torch"),
    (Call(Global("collections OrderedDict.fromkeys"), ((),)), "asks for collections"),
    (Call(Global("torch FloatStorage"), ()), "calls something that is no function of a state dict"),
    (Call("text", ()), "calls something that is no function of a state dict"),
    ({"a": {"b": [SYSTEM]}}, r"asks for os\.system"),
    (Global("argparse Namespace"), r"asks for argparse\.Namespace.*Save model\.state_dict\(\) alone"),
]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(("value", "match"), CODE)
def test_a_pickle_that_would_run_code_is_refused_by_name(path, layout, value, match):
    refused(path, LAYOUTS[layout]({"state_dict": value}, {}), match)
    refused(path, LAYOUTS[layout](value, {}), match)


INSTRUCTIONS = {
    "an instance, by INST": (b"(S'true'\nios\nsystem\n", "INST"),
    "an instance, by OBJ": (b"(cos\nsystem\nX\x04\0\0\0trueo", r"os\.system"),
    "an instance, by NEWOBJ": (b"ccollections\nOrderedDict\n)\x81", "NEWOBJ"),
    "a name from the stack": (b"\x8c\x02os\x8c\x06system\x93X\x04\0\0\0true\x85R", r"os\.system"),
    "a dotted name from the stack": (b"\x8c\x05torch\x8c\x0aSize.mro.x\x93", r"torch\.Size\.mro\.x"),
    "a name from the stack that is no text": (b"K\x01K\x02\x93", "damaged"),
    "an extension": (b"\x82\x01", "EXT1"),
    "a persistent id as text": (b"Pos.system\n", "PERSID"),
    "attributes of a function": (b"ctorch\nSize\n}b", "gives attributes to something that has none"),
    "items of what is no dictionary": (b"]K\x01K\x02s", "damaged"),
    "a call without arguments": (b"ccollections\nOrderedDict\nNR", "calls something"),
    "a buffer from outside": (b"\x97", "NEXT_BUFFER"),
}


@pytest.mark.parametrize("name", INSTRUCTIONS)
def test_instructions_that_no_state_dict_needs_are_refused(path, name):
    instructions, match = INSTRUCTIONS[name]
    refused(path, zip_file(instructions, {}), match)


@pytest.mark.parametrize(
    "key",
    [
        Stored("inner"),
        ("storage", Stored("inner"), "0", "cpu", 4),
        ("storage", Global("torch FloatStorage"), Stored("inner"), "cpu", 4),
        ("storage", Global("torch Size"), "0", "cpu", 4),
        ("storage", Global("torch QInt8Storage"), "0", "cpu", 4),
        ("storage", Global("torch FloatStorage"), 7, "cpu", 4),
        ("storage",),
        "storage",
        [],
        {},
        None,
    ],
)
def test_a_persistent_id_that_is_no_storage_is_refused(path, key):
    refused(path, zip_file({"w": Stored(key)}, {"0": b"\0" * 16}), "refers to something|asks for|storage of a kind")


def test_a_persistent_id_outside_the_object_is_refused(path):
    refused(path, pickled(Stored("0")), "persistent id where none belongs")


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(
    ("claimed", "match"),
    [
        (tensor("0", (2**60,)), "is invalid"),
        (tensor("0", (2**38,), numbers=2**38), "claims"),
        (tensor("0", (2**38,), (0,), numbers=4), "is outside its storage"),
        (tensor("0", (2**33, 2**33), numbers=4), "is outside its storage"),
        (tensor("0", (2**39,) * 16, (0,) * 16, numbers=4), "is outside its storage"),
        (tensor("0", (4,), (-1,), numbers=4), "stride is invalid: negative"),
        (tensor("0", (-4,), (1,), numbers=4), "size is invalid: negative"),
        (tensor("0", (4,), offset=-1), "offset is invalid: negative"),
        (tensor("0", (4,), offset=1), "is outside its storage of 4 numbers"),
        (tensor("0", (2, 2), (3, 1), numbers=4), "is outside its storage of 4 numbers"),
        (tensor("0", (0,), offset=99, numbers=4), "empty tensor outside"),
        (tensor("0", (1,) * 17, (1,) * 17, numbers=4), "17 axes"),
        (tensor("0", (2, 2), (1,), numbers=4), "sizes and strides do not belong together"),
        (tensor("0", (4.0,), (1,), numbers=4), "not a whole number"),
        (tensor("0", (True,), (1,), numbers=4), "not a whole number"),
        (tensor("0", (5,)), "claims 20 bytes for storage 0, but holds"),
        (tensor("0", (3,)), "claims 12 bytes for storage 0, but holds|wrong|claims"),
        (tensor("0", (4,), kind="DoubleStorage"), "claims 32 bytes for storage 0, but holds"),
    ],
)
def test_a_tensor_that_claims_what_is_not_there_is_refused_before_memory_is_taken(path, layout, claimed, match):
    refused(path, LAYOUTS[layout]({"w": claimed}, {"0": b"\0" * 16}), match)


def test_many_tensors_over_one_storage_cannot_grow_beyond_the_file(path):
    told = {f"w{i}": tensor("0", (2**20,)) for i in range(100)}
    refused(path, zip_file(told, {"0": bytes(2**22)}), "claims tensors of more than")


@pytest.mark.slow
def test_a_zip_bomb_is_refused(path):
    zeros = bytes(2**22)
    storages = {str(i): zeros for i in range(60)}
    told = {name: tensor(name, (2**20,)) for name in storages}
    refused(path, zip_file(told, storages, packed=True), "claims tensors of more than|zip bomb")
    refused(path, zip_file(b"]" + b"0" * 2**27, {}, packed=True), "claims 134,.* at most 67,108,864")


def test_a_storage_named_as_a_path_is_not_looked_for_on_disk(path):
    told = {"w": tensor("../../../etc/passwd", (4,))}
    refused(path, zip_file(told, {"0": bytes(16)}), r"lacks its member archive/data/\.\./")


@pytest.mark.slow
def test_memo_bombs_and_deep_nests_end_soon(path):
    # Each line doubles the last: 2^5000 leaves, if anybody walked them.
    doubling = b")" + b"q\x00h\x00h\x00\x86" * 5000
    refused(path, zip_file(doubling + b"}h\x00K\x01s", {}), "keys are no names")
    refused(path, zip_file(doubling, {}), "holds no state dict")
    refused(path, zip_file(b"]q\0h\0a", {}), "holds no state dict")
    refused(path, zip_file(b"}q\0X\x05\0\0\0modelh\0s", {}), "holds no state dict but model")
    refused(path, zip_file(b"(" * 50_000 + b"t" * 50_000, {}), "damaged|holds no state dict")
    refused(path, zip_file(b"]" * 50_000 + b"a" * 49_999, {}), "holds no state dict")


def test_a_list_cannot_be_copied_without_end(path):
    many = b"](" + b"N" * 100_000 + b"eq\x00" + b"ctorch\nSize\nq\x01" + b"h\x01h\x00\x85R" * 100_000
    refused(path, zip_file(many, {}), "has a size that is no tuple")


def test_endless_pickles_and_huge_numbers_end_soon(path, monkeypatch):
    refused(path, zip_file(b"N0" * 600_000, {}), "POP")
    monkeypatch.setattr(pickle_machine, "MOST_INSTRUCTIONS", 20_000)
    refused(path, zip_file(b"]" + b"Na" * 600_000, {}), "more than 20,000 instructions")
    refused(path, zip_file(b"\x8b" + struct.pack("<I", 2**20) + b"\x7f" * 2**20, {}), "holds no state dict")
    refused(path, zip_file(b"I" + b"9" * 2**20 + b"\n", {}), "damaged")
    refused(path, zip_file(b"}I" + b"9" * 4000 + b"\nK\x01s", {}), "holds no state dict")
    refused(path, zip_file(b"Np" + b"9" * 4000 + b"\n", {}), "damaged")
    refused(path, zip_file(b"\x8d" + struct.pack("<Q", 2**62) + b"x", {}), "damaged")


def test_a_name_twice_is_refused(path):
    told = b"}(" + 2 * (b"X\x01\0\0\0w" + b"K\x01") + b"u"
    refused(path, zip_file(told, {}), "has the name w twice in one dictionary")


def test_whole_models_and_programs_have_their_own_sentence(path):
    sentence = r"holds a whole model, not a state dict.*Save model\.state_dict\(\) instead"
    refused(path, (FILES / "whole_model.pt").read_bytes(), sentence)
    model = Stored(("module", "torch.nn.modules.linear Linear", None, None))
    refused(path, old_file(model, {}), sentence)
    refused(path, old_file(Call(Global("__main__ Net"), (Global("torch.nn.modules.linear Linear"),)), {}), sentence)
    script = zip_file(Call(Global("__torch__.Net Net"), ()), {}, **{"constants.pkl": b"", "code/net.py": b""})
    refused(path, script, r"holds a TorchScript program, not a state dict\. Save model\.state_dict\(\) instead")


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (zip_file({}, {}), r"holds no state dict\. Save model\.state_dict"),
        (zip_file({"epoch": 3, "args": {"lr": 0.1}}, {}), "holds no state dict but epoch, args"),
        (zip_file(tensor("0", (4,)), {"0": bytes(16)}), "holds one tensor"),
        (zip_file([tensor("0", (4,))], {"0": bytes(16)}), "holds no state dict"),
        (zip_file({"w": tensor("1", (4,))}, {"0": bytes(16)}), "lacks its member archive/data/1"),
        (zip_file({"w": tensor("0", (4,))}, {"0": bytes(16)}, byteorder=b"middle"), "byte order"),
        (zip_file({}, {}, folder="a/b"), "without the one data.pkl"),
        (old_file({}, {}, magic=1), "not one of torch.save"),
        (old_file({"w": tensor("0", (4,))}, {"0": bytes(16)}, keys=["9"]), "no true list of its storages"),
        (old_file({"w": tensor("0", (4,))}, {"0": bytes(16)}, keys=[]), "damaged"),
        (old_file({"w": tensor("0", (4,))}, {"0": bytes(12)}), "claims 16 bytes for storage 0"),
        (pickled([1, 2]), "not one of torch.save"),
        (b"", "damaged"),
    ],
)
def test_what_is_no_state_dict_is_told(path, content, match):
    refused(path, content, match)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_file_cut_at_any_length_is_refused(path, rng, layout):
    told, storages, _ = state(rng)
    content = LAYOUTS[layout](told, storages)
    with nothing_is_run():
        for length in range(len(content)):
            path.write_bytes(content[:length])
            with pytest.raises(CheckpointError):
                read_torch(path)


def flip(path: Path, content: bytes, every: int, rng: np.random.Generator) -> None:
    """The old layout has no checksum, and in neither does every bit count: then arrays come back, and only they."""
    with nothing_is_run():
        for place in range(0, len(content), every):
            flipped = bytearray(content)
            flipped[place] ^= 1 << int(rng.integers(8))
            path.write_bytes(flipped)
            try:
                arrays, _ = read_torch(path)
            except CheckpointError:
                continue
            assert sum(array.nbytes for array in arrays.values()) < 100_000


@pytest.mark.parametrize("layout", LAYOUTS)
def test_flipped_bits_are_refused_or_harmless(path, rng, layout):
    told, storages, _ = state(rng)
    flip(path, LAYOUTS[layout](told, storages), 1, rng)


@pytest.mark.slow
@pytest.mark.parametrize("file", sorted(FILES.glob("*.p*")), ids=lambda file: file.name)
def test_flipped_bits_of_torchs_own_files_are_refused_or_harmless(path, rng, file):
    flip(path, file.read_bytes(), 1, rng)


def test_random_bytes_are_refused(path, rng):
    for start in (b"\x80\x02", b"PK\x03\x04", b""):
        for length in (0, 1, 10, 1000):
            path.write_bytes(start + rng.bytes(length))
            with pytest.raises(CheckpointError):
                read_torch(path)


def test_a_missing_file_and_a_folder_are_named(path, tmp_path):
    with pytest.raises(CheckpointError, match=r"There is no file .*x\.pth"):
        read_torch(path)
    with pytest.raises(CheckpointError, match=r"is a folder\. Give the weight file itself\."):
        read_torch(tmp_path)
