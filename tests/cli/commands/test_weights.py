"""`cnnkit weights`: what can be had, and conversion, with every wrong call clear and nothing overwritten."""

import numpy as np
import pytest

from cnnkit import models
from cnnkit.serialize import safe

ARGUMENTS = ("--model", "lenet5", "--mean", "0.5", "--std", "0.5")


@pytest.fixture
def file(tmp_path):
    """lenet5 as Keras names it, whose layout is ours."""
    state = models.create("lenet5").state_dict()
    path = tmp_path / "keras.npz"
    np.savez(path, **{name.replace(".weight", ".kernel"): array for name, array in state.items()})
    return path


def test_the_sources_are_listed_with_their_licences(cnnkit):
    ended = cnnkit("weights", "list")
    assert ended.code == 0
    assert "torchvision" in ended.out and "BSD-2-Clause" in ended.out and "resnet32" in ended.out
    rows = cnnkit("weights", "list", "--json").json["weights"]
    assert all(row["models"] and row["licence"] and row["address"].startswith("https://") for row in rows)


def test_a_file_is_converted_and_used(cnnkit, file, tmp_path):
    target = tmp_path / "out.safetensors"
    ended = cnnkit("weights", "convert", file, "--model", "lenet5", target, "--mean", "0.5", "--std", "0.5")
    assert ended.code == 0
    assert "61,706" in ended.out and "28x28x1" in ended.out
    assert "The 10 classes have no names" in ended.err
    ended = cnnkit("evaluate", target, "--data", "digits", "--json")
    assert ended.code == 0
    assert ended.json["classes"] == list("0123456789")
    assert "The weights have no class names; those of digits are used" in ended.err


def test_the_result_as_json(cnnkit, file, tmp_path):
    record = cnnkit("weights", "convert", file, tmp_path / "o", *ARGUMENTS, "--scale", "127.5", "--json", "-q").json
    assert record["model"] == "lenet5" and record["image_size"] == [28, 28]
    assert record["mean"] == [0.25] and record["std"] == [0.25]


def test_an_existing_file_stays_unless_told(cnnkit, file, tmp_path):
    target = tmp_path / "out.safetensors"
    target.write_bytes(b"mine")
    ended = cnnkit("weights", "convert", file, target, *ARGUMENTS)
    assert (ended.code, ended.out, target.read_bytes()) == (2, "", b"mine")
    assert "--exist-ok" in ended.err
    assert cnnkit("weights", "convert", file, target, *ARGUMENTS, "--exist-ok").code == 0


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--model", "lenet6"), 2, "Did you mean 'lenet5'"),
        (("--model", "lenet5"), 2, "give --mean and --std"),
        ((), 2, "Missing option '--model'"),
        (("--model", "lenet5", "--mean", "0.5"), 2, "belong together"),
        (("--model", "lenet5", "--mean", "a,b", "--std", "1"), 2, "--mean 0.485,0.456,0.406"),
        (("--model", "lenet5", "--mean", "0", "--std", "1", "--scale", "0"), 2, "--scale 255"),
        (("--model", "convnet", "--mean", "0", "--std", "1"), 3, "is not for convnet"),
        ((*ARGUMENTS, "--image-size", "32"), 3, "dense1"),
        ((*ARGUMENTS, "--classes", "nowhere.txt"), 3, "nowhere.txt cannot be read"),
    ],
)
def test_a_wrong_call_ends_with_its_code_and_writes_nothing(cnnkit, file, tmp_path, arguments, code, said):
    target = tmp_path / "out.safetensors"
    ended = cnnkit("weights", "convert", file, target, *arguments)
    assert (ended.code, ended.out) == (code, "")
    assert said in ended.err and not target.exists()


def test_a_hostile_pickle_ends_with_3_and_runs_nothing(cnnkit, tmp_path):
    path, sign = tmp_path / "hostile.pth", tmp_path / "sign"
    path.write_bytes(
        b"\x80\x02cos\nsystem\nX" + bytes([6 + len(str(sign)), 0, 0, 0]) + f"touch {sign}".encode() + b"\x85R."
    )
    for words in (("weights", "convert", path, tmp_path / "out", *ARGUMENTS), ("predict", "x.png", "-m", path)):
        ended = cnnkit(*words)
        assert ended.code == 3 and "asks for os.system" in ended.err
    assert not sign.exists() and not (tmp_path / "out").exists()


def test_a_raw_file_that_fits_no_network_gives_the_command(cnnkit, file):
    ended = cnnkit("evaluate", file)
    assert ended.code == 3
    assert f"cnnkit weights convert {file} keras.safetensors --model lenet5 --mean" in ended.err


def test_a_layout_is_told_and_shown(cnnkit, tmp_path):
    path = tmp_path / "own.npz"
    np.savez(path, **models.create("lenet5").state_dict())
    ended = cnnkit("weights", "convert", path, tmp_path / "a", *ARGUMENTS)
    assert ended.code == 0 and "hwio" in ended.out and "only so do their shapes fit" in ended.err
    ended = cnnkit("weights", "convert", path, tmp_path / "b", *ARGUMENTS, "--layout", "hwio", "--json")
    assert ended.json["layout"] == "hwio" and "shapes fit" not in ended.err
    ended = cnnkit("weights", "convert", path, tmp_path / "c", *ARGUMENTS, "--layout", "oihw")
    assert ended.code == 3 and "does not fit conv1.weight" in ended.err
    assert "hwio|oihw|ohwi" in cnnkit("weights", "convert", "-h").out


def test_padding_goes_from_convert_to_the_file(cnnkit, tmp_path):
    path = tmp_path / "own.npz"
    np.savez(path, **models.create("resnet20", classes=4, in_channels=3, image_size=(32, 32)).state_dict())
    ended = cnnkit("weights", "convert", path, tmp_path / "a", "--model", "resnet20")
    assert ended.code == 0 and "give --padding same" in ended.err
    ended = cnnkit("weights", "convert", path, tmp_path / "b", "--model", "resnet20", "--padding", "same")
    assert ended.code == 0 and "give --padding same" not in ended.err and "same" in ended.out
    assert safe.load(tmp_path / "b")[1]["padding"] == "same"


def test_each_network_is_listed_with_its_address_and_its_command(cnnkit):
    ended = cnnkit("weights", "list")
    assert "cnnkit weights fetch resnet18\n" in ended.out
    assert "https://download.pytorch.org/models/resnet18-f37072fd.pth (not tried)" in ended.out
    assert "cnnkit weights convert FILE mobilenet_v1.safetensors --model mobilenet_v1" in ended.out
    rows = cnnkit("weights", "list", "--json").json["weights"]
    assert all([file["model"] for file in row["files"]] == row["models"] for row in rows)
    assert all(file["command"] and file["address"] and not file["tried"] for row in rows for file in row["files"])


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("resnet19",), 2, "Did you mean"),
        (("mobilenet_v1",), 2, "cnnkit weights convert FILE"),
        (("resnet18",), 1, "could not be fetched"),
        (("resnet18", "--output", "nowhere/file"), 2, "There is no folder"),
    ],
)
def test_a_fetch_that_cannot_be_ends_with_its_code(cnnkit, monkeypatch, tmp_path, arguments, code, said):
    monkeypatch.setenv("CNNKIT_FETCH_URL", "http://127.0.0.1:9/")
    monkeypatch.setenv("CNNKIT_DATA_HOME", str(tmp_path))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    ended = cnnkit("weights", "fetch", *arguments)
    assert (ended.code, ended.out) == (code, "") and said in ended.err
