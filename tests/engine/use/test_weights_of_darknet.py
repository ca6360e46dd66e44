"""`.weights` of darknet: numbers without names, whose length tells the classes."""

import numpy as np
import pytest
from PIL import Image

import cnnkit
from cnnkit import models
from cnnkit.engine.use.choices import Choices
from cnnkit.engine.use.load import load
from cnnkit.engine.use.shipped import shipped_names
from cnnkit.engine.use.weights import convert
from cnnkit.errors import CheckpointError, UsageError
from cnnkit.serialize import safe

MODEL = "yolo_fastest"
PLAIN = Choices(mean=(0.0,), std=(1.0,))


def written(path, classes: int, less: int = 0):
    """A file for so many classes; the numbers of a norm are positive."""
    steps = models.create(MODEL, classes=classes, in_channels=3, image_size=(320, 320)).steps
    numbers = np.random.default_rng(0).random(sum(step.parameters for step in steps) - less)
    path.write_bytes(np.array([0, 2, 5, 0, 0], "<i4").tobytes() + numbers.astype("<f4").tobytes())
    return path


@pytest.mark.parametrize("classes", [1, 2, 20])
def test_the_length_of_a_file_tells_the_classes(tmp_path, classes):
    result = convert(written(tmp_path / "a.weights", classes), MODEL, tmp_path / "a.safetensors")
    assert (result.classes, result.image_size, result.mean, result.std) == (classes, (320, 320), (0,) * 3, (1,) * 3)
    assert result.notes == (f"The {classes} classes have no names: give them with --classes FILE.",)
    predictor = load(tmp_path / "a.safetensors")
    assert predictor.task.name == "detection" and len(predictor.classes) == classes
    assert predictor.preprocessing.fit == "stretch"


def test_a_file_that_fits_no_number_of_classes_is_refused(tmp_path):
    with pytest.raises(CheckpointError, match="ends early: its network has 346,062 numbers, but it holds"):
        convert(written(tmp_path / "a.weights", 20, less=1), MODEL, tmp_path / "a.safetensors")
    assert not (tmp_path / "a.safetensors").exists()


def test_another_network_than_one_of_darknets_is_refused(tmp_path):
    with pytest.raises(
        UsageError, match=r"is of darknet, but lenet5 is not. Choose one of its networks, such as yolo_v3"
    ):
        convert(written(tmp_path / "a.weights", 1), "lenet5", tmp_path / "a.safetensors", PLAIN)


def test_the_weights_in_the_package_are_the_published_ones(shared, tmp_path):
    source = shared / "data/weights/yolo-fastest-1.1-coco/yolo-fastest-1.1.weights"
    convert(source, MODEL, tmp_path / "a.safetensors")
    ours, theirs = load(MODEL), load(tmp_path / "a.safetensors")
    assert ours.classes == theirs.classes and ours.preprocessing == theirs.preprocessing
    states = (predictor.module.state_dict() for predictor in (ours, theirs))
    for (name, one), (other, two) in zip(*(state.items() for state in states), strict=True):
        assert name == other
        np.testing.assert_array_equal(one, two)


def test_a_network_of_the_package_is_loaded_by_its_name_and_a_file_of_that_name_goes_before_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert shipped_names() == ["yolo_fastest"]
    predictor = cnnkit.load("yolo_fastest")
    assert predictor.source == "the weights in the package" and predictor.record["model"] == MODEL
    (tmp_path / "yolo_fastest").write_bytes(b"mine")
    with pytest.raises(CheckpointError):
        cnnkit.load("yolo_fastest")


def test_it_finds_the_dog_in_a_photo(shared):
    """Above the score at which boxes are shown: as in shared/data/README.md."""
    answer = cnnkit.load("yolo_fastest").predict(shared / "data" / "photos" / "dog.jpg")
    assert [box.label for box in answer.boxes[:4]] == ["car", "dog", "cat", "bicycle"]
    with Image.open(shared / "data" / "photos" / "dog.jpg") as photo:
        assert answer.size == (photo.height, photo.width)
    np.testing.assert_allclose(answer.boxes[0].box, (454, 76, 685, 182), rtol=0, atol=4)


def test_the_file_is_small():
    from cnnkit.engine.use.shipped import SHIPPED

    assert (SHIPPED.parent / "yolo_fastest.safetensors").stat().st_size < 1.5e6
    _, record = safe.load(SHIPPED.parent / "yolo_fastest.safetensors")
    assert record["converted_from"] == "yolo-fastest-1.1.weights"
