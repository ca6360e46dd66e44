"""A darknet `.cfg`, with and without `.weights`, in every command that takes a network."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import cnnkit
from cnnkit.cli import main
from cnnkit.engine.use.load import load
from cnnkit.errors import CheckpointError
from cnnkit.serialize import safe

HEAD = "[convolutional]\nfilters=14\nactivation=linear\n[yolo]\nmask=0,1\nanchors=8,8, 16,16\nnum=2\nclasses=2\n"
CONV = "[convolutional]\nbatch_normalize=1\nfilters=8\nsize=3\nstride=2\npad=1\nactivation=leaky\n"
TEXT = "[net]\nwidth=48\nheight=32\n" + CONV * 3 + HEAD
# A norm has four numbers a channel, a convolution 9 for each pair.
NUMBERS = 3 * 4 * 8 + 9 * (3 * 8 + 8 * 8 + 8 * 8) + 14 + 14 * 8
TRAIN = ["train", "--task", "detection", "--data", "shapes", "--batch-size", 8, "--augment", "none"]


@pytest.fixture
def command(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("net.cfg").write_text(TEXT)
    Path("net.weights").write_bytes(numbers(NUMBERS))
    Path("names.txt").write_text("lamp\ndesk\n")
    pixels = np.random.default_rng(0).integers(0, 255, (40, 64, 3)).astype(np.uint8)
    Image.fromarray(pixels).save("photo.png")

    def call(*words: object) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main.run([str(word) for word in words])
        return (code, *capsys.readouterr())

    return call


def numbers(count: int) -> bytes:
    return np.array([0, 2, 5, 0, 0], "<i4").tobytes() + np.random.default_rng(0).random(count).astype("<f4").tobytes()


def test_a_photo_is_answered_by_a_cfg_with_its_weights(command):
    told = "predict", "photo.png", "--json", "--exist-ok", "--model"
    code, out, err = command(*told, "net.cfg", "--weights", "net.weights", "--classes", "names.txt", "--output", "d")
    assert code == 0 and "from net.weights" in err
    assert {box["label"] for box in json.loads(out)["boxes"]} <= {"lamp", "desk"}
    code, again, err = command("weights", "convert", "net.weights", "net.safetensors", "--model", "net.cfg")
    assert code == 0
    Path("net.cfg").unlink()
    code, again, err = command(*told, "net.safetensors", "--output", "d")
    assert code == 0
    assert [box["box"] for box in json.loads(again)["boxes"]] == [box["box"] for box in json.loads(out)["boxes"]]


def test_the_authors_files_of_yolo_fastest_find_what_the_network_of_the_package_finds(shared):
    folder, photo = shared / "data/weights/yolo-fastest-1.1-coco", shared / "data/photos/dog.jpg"
    files = {"weights": folder / "yolo-fastest-1.1.weights", "classes": folder / "coco.names"}
    theirs = load(folder / "yolo-fastest-1.1.cfg", **files).predict(photo).answer.boxes
    ours = load("yolo_fastest").predict(photo).answer.boxes
    assert len(ours) > 3
    assert [(one.label, one.score, one.box) for one in theirs] == [(one.label, one.score, one.box) for one in ours]


def test_weights_are_judged_on_data_with_their_classes(command):
    Path("three.weights").write_bytes(numbers(NUMBERS + 2 * (1 + 8)))  # two anchors, one more class
    Path("names.txt").write_text("triangle\ncircle\nsquare\n")
    told = "evaluate", "--model", "net.cfg", "--data", "shapes", "--json", "--weights"
    code, out, _ = command(*told, "three.weights", "--classes", "names.txt")
    assert code == 0 and {row["label"] for row in json.loads(out)["per_class"]} == {"triangle", "circle", "square"}
    code, _, err = command(*told, "net.weights")
    assert code == 3 and "knows 2 classes" in err


@pytest.mark.slow
def test_a_run_holds_its_network_and_goes_on_without_the_file(command):
    code, _, err = command(*TRAIN, "--model", "net.cfg", "--steps", 2, "--output", "run")
    assert code == 0 and "The heads of net.cfg are made for 3 classes, as the data have; the file says 2." in err
    options = json.loads(Path("run/result.json").read_text())
    assert cnnkit.load("run").preprocessing.shape == (32, 48, 3) and options["model"].startswith("net-")
    assert " --model net.cfg " in json.loads(Path("run/manifest.json").read_text())["command"]
    code, _, _ = command(*TRAIN, "--model", "net.cfg", "--steps", 3, "--output", "smooth", "--schedule", "constant")
    code, _, _ = command(*TRAIN, "--model", "net.cfg", "--steps", 2, "--output", "cut", "--schedule", "constant")
    Path("net.cfg").write_text("gone")
    assert command("train", "--resume", "cut", "--steps", 3, "--quiet")[0] == 0
    weights = [Path(run, "weights", "last.safetensors") for run in ("smooth", "cut")]
    one, other = (safe.load(path)[0] for path in weights)
    assert all((one[name] == other[name]).all() for name in one)
    assert command("predict", "photo.png", "--model", "cut", "--output", "drawn")[0] == 0
    code, _, err = command("evaluate", "cut", "--json")
    assert code == 0
    code, _, _ = command(*TRAIN, "--weights", "cut", "--steps", 1, "--output", "tuned")
    assert code == 0 and "--model" not in json.loads(Path("tuned/manifest.json").read_text())["command"]


@pytest.mark.slow
def test_a_run_that_was_killed_before_its_first_state_begins_again_without_the_file(command):
    """Killed as it tells of its folder, which has its options alone."""
    words = [sys.executable, "-m", "cnnkit", *TRAIN, "--model", "net.cfg", "--steps", "2", "--output", "run"]
    with subprocess.Popen(
        [str(word) for word in words], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    ) as running:
        for line in running.stderr:
            if line.startswith("run folder"):
                running.send_signal(signal.SIGKILL)
    assert running.returncode == -signal.SIGKILL and not list(Path("run/state").glob("*"))
    Path("net.cfg").unlink()
    assert command("train", "--resume", "run", "--quiet")[0] == 0
    assert cnnkit.load("run").name.startswith("net-")


def test_weights_of_other_classes_lend_all_but_the_heads(command):
    words = *TRAIN, "--model", "net.cfg", "--weights", "net.weights", "--steps", 1, "--lr", 1e-9, "--head-lr", 1e-9
    code, _, err = command(*words, "--output", "run")
    assert code == 0 and "Its last layer is re-initialised, because the classes differ: layers.3.weight" in err
    before = load("net.cfg", weights="net.weights").module.state_dict()
    after = load("run").module.state_dict()
    np.testing.assert_allclose(after["layers.2.conv.weight"], before["layers.2.conv.weight"], rtol=0, atol=1e-6)
    assert after["layers.3.weight"].shape == (1, 1, 8, 2 * (5 + 3))


@pytest.mark.parametrize("freeze", ["norms", "trunk"])
def test_norms_or_all_but_the_heads_may_rest(command, freeze):
    words = *TRAIN, "--model", "net.cfg", "--weights", "net.weights", "--steps", 1, "--lr", 0.1, "--freeze", freeze
    assert command(*words, "--output", "run")[0] == 0
    before = load("net.cfg", weights="net.weights").module.state_dict()
    after = safe.load(Path("run/weights/last.safetensors"))[0]
    same = {name for name in before if before[name].shape == after[name].shape and (before[name] == after[name]).all()}
    norms = {name for name in before if ".norm." in name}
    assert len(norms) == 12 and same == norms | (
        {f"layers.{k}.conv.weight" for k in range(3)} if freeze == "trunk" else set()
    )


@pytest.mark.parametrize(
    ("model", "weights", "told"),
    [
        (TEXT.replace("filters=8", "filters=1000000000", 1), None, "line 6: [convolutional] has filters=1000000000"),
        (TEXT.replace("[yolo]", "[lstm]"), None, "there is no section [lstm] here. Known: net, convolutional"),
        (TEXT.replace("filters=8\nsize=3", "filters=60000\nsize=61"), None, "there are 670,020,000 parameters"),
        (TEXT, numbers(NUMBERS - 5), f"ends early: its network has {NUMBERS:,} numbers, but it holds {NUMBERS - 5:,}"),
        (TEXT, b"PK", "has 2 bytes, which is not even the header"),
    ],
)  # fmt: skip
def test_what_is_hostile_ends_with_a_sentence_and_nothing_is_written(command, model, weights, told):
    Path("net.cfg").write_text(model)
    Path("net.weights").write_bytes(numbers(NUMBERS) if weights is None else weights)
    before = sorted(Path().rglob("*"))
    given = "--model", "net.cfg", "--weights", "net.weights"
    for words in ((*TRAIN, *given, "--output", "run"), ("predict", "photo.png", *given), ("evaluate", *given)):
        code, _, err = command(*words)
        assert code == 3 and told in err, err
    if weights is None:
        assert command("models", "net.cfg")[0] == 3
    assert sorted(Path().rglob("*")) == before


def test_numbers_without_a_network_and_a_network_without_numbers_are_told_what_to_give(command):
    code, _, err = command("predict", "photo.png", "--weights", "net.weights")
    assert code == 3 and "Say which one they are for by --model" in err
    code, _, err = command("predict", "photo.png", "--model", "net.cfg")
    assert code == 2 and "Give them by --weights FILE" in err
    code, _, err = command(*TRAIN, "--weights", "net.weights")
    assert code == 3 and "--model net.cfg" in err
    code, _, err = command("evaluate", "run", "--model", "net.cfg", "--weights", "net.weights")
    assert code == 2 and "are both given" in err
    code, _, err = command("train", "--data", "digits", "--model", "net.cfg")
    assert code == 2 and "net.cfg is a network for detection, but digits is for classification" in err


def test_the_layers_of_a_cfg_are_shown(command):
    code, out, _ = command("models", "net.cfg", "--json")
    told = json.loads(out)
    # Of the norms' four numbers a channel two are learned.
    assert code == 0 and told["parameters"] == NUMBERS - 3 * 2 * 8 and told["input"] == [32, 48, 3]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"cfg": "[net]\n[lstm]\n"}, "there is no section"),
        ({"cfg": 5}, "cfg is 5, expected a text or nothing"),
        ({"cfg": TEXT + "\n"}, "expected that of its model"),
        ({"cfg": None}, "does not say its cfg"),
        ({"model": "../../etc/passwd.cfg"}, "expected that of its model"),
    ],
)
def test_a_record_whose_network_is_not_what_it_says_is_refused(command, change, told):
    command("weights", "convert", "net.weights", "net.safetensors", "--model", "net.cfg")
    arrays, record = safe.load(Path("net.safetensors"))
    safe.save(Path("net.safetensors"), arrays, {**record, **change})
    with pytest.raises(CheckpointError, match=told):
        load("net.safetensors")
