"""Fit weight files become files of ours, or are used as they are where they fit exactly one network."""

import dataclasses
import os
import re

import numpy as np
import pytest
from PIL import Image

import cnnkit
from cnnkit import models
from cnnkit.autograd import no_grad
from cnnkit.data.open.splits import split_parts
from cnnkit.data.sets.synthetic import synthetic
from cnnkit.data.view.view import load_image
from cnnkit.engine.evaluate import evaluate, open_for
from cnnkit.engine.records.events import EvaluateFinished, Note
from cnnkit.engine.use.choices import Choices
from cnnkit.engine.use.load import load
from cnnkit.engine.use.weights import convert
from cnnkit.errors import CheckpointError, DataError, ResourceError, UsageError
from cnnkit.serialize import files, safe

# What a channels-first dense layer behind lenet5's flatten sees: 16 channels of 5x5.
FLAT = (16, 5, 5)
HALF = Choices(mean=(0.5,), std=(0.5,))


def published(module, flat=FLAT):
    """The state as a channels-first framework saves it."""
    state = {}
    for name, array in module.needed_in_use().items():
        if array.ndim == 4:
            array = array.transpose(3, 2, 0, 1)
        elif name == "dense1.weight":
            C, H, W = flat
            array = array.reshape(H, W, C, -1).transpose(3, 2, 0, 1).reshape(-1, H * W * C)
        elif array.ndim == 2:
            array = array.T
        state[name] = array
    return state


@pytest.fixture
def module():
    return models.create("lenet5", rng=np.random.default_rng(3))


@pytest.fixture
def file(module, tmp_path):
    path = tmp_path / "published.npz"
    np.savez(path, **published(module))
    return path


@pytest.fixture
def target(tmp_path):
    return tmp_path / "ours.safetensors"


def test_a_converted_file_computes_what_the_published_network_does(file, module, target, rng):
    result = convert(file, "lenet5", target, HALF)
    assert (result.model, result.classes, result.in_channels, result.image_size) == ("lenet5", 10, 1, (28, 28))
    assert result.parameters == sum(parameter.size for parameter in module.parameters())
    predictor = cnnkit.load(target)
    x = rng.normal(size=(2, 28, 28, 1)).astype(np.float32)
    with no_grad():
        np.testing.assert_array_equal(predictor.module(x).numpy(), module.eval()(x).numpy())
    assert predictor.preprocessing.mean == (0.5,) and predictor.record["converted_from"] == "published.npz"
    assert result.to_json()["notes"] == ("The 10 classes have no names: give them with --classes FILE.",)


@pytest.mark.parametrize("pixel", [0, 100, 255])
@pytest.mark.parametrize(("scale", "mean", "std"), [(255, 0.4, 0.2), (256, 0.0, 1.0), (127.5, 1.0, 1.0), (1, 104.0, 2)])
def test_another_scale_is_folded_in(file, target, pixel, scale, mean, std):
    convert(file, "lenet5", target, Choices((mean,), (std,), scale))
    preprocessing = load(target).preprocessing
    x = (pixel / 255 - preprocessing.mean[0]) / preprocessing.std[0]
    # Both ways of writing the formula round a few times in float64.
    np.testing.assert_allclose(x, (pixel / scale - mean) / std, rtol=1e-12, atol=1e-12)


def test_a_network_without_published_weights_must_be_told_its_input(file, target):
    with pytest.raises(UsageError, match="is not known for lenet5: give --mean and --std"):
        convert(file, "lenet5", target)
    assert not target.exists()


@pytest.mark.parametrize(
    ("choices", "match"),
    [
        (Choices(mean=(0.5,)), "--mean and --std belong together"),
        (Choices(std=(0.5,)), "--mean and --std belong together"),
        (Choices(mean=(0.5, 0.5), std=(0.5,)), "--mean has 2 numbers, but lenet5 reads 1 channel here"),
        (Choices(mean=(0.5,), std=(0.0,)), "--std is .* expected finite numbers above 0"),
        (Choices(mean=(float("nan"),), std=(1.0,)), "--mean is .* expected finite numbers"),
    ],
)
def test_an_input_that_cannot_be_meant_so_is_refused(file, target, choices, match):
    with pytest.raises(UsageError, match=match):
        convert(file, "lenet5", target, choices)
    assert not target.exists()


def test_one_number_stands_for_all_channels(tmp_path, target):
    path = tmp_path / "rgb.npz"
    np.savez(path, **published(models.create("lenet5", in_channels=3, classes=4)))
    result = convert(path, "lenet5", target, HALF)
    assert (result.mean, result.in_channels, result.classes) == ((0.5,) * 3, 3, 4)


def test_class_names_come_from_a_file(file, target, tmp_path):
    names = tmp_path / "names.txt"
    names.write_text("\n".join("abcdefghij"))
    convert(file, "lenet5", target, Choices((0.5,), (0.5,), classes=names))
    assert load(target).classes == list("abcdefghij")
    names.write_text("a\nb\n")
    with pytest.raises(DataError, match="names 2 classes, but the weights know 10"):
        convert(file, "lenet5", target, Choices((0.5,), (0.5,), classes=names), exist_ok=True)
    assert load(target).classes == list("abcdefghij")


def test_nothing_is_overwritten_unless_told(file, target):
    target.write_bytes(b"mine")
    with pytest.raises(UsageError, match=r"ours\.safetensors exists.*--exist-ok"):
        convert(file, "lenet5", target, HALF)
    assert target.read_bytes() == b"mine"
    convert(file, "lenet5", target, HALF, exist_ok=True)
    assert load(target).name == "lenet5"
    with pytest.raises(UsageError, match="is the file that is read"):
        convert(file, "lenet5", file, HALF, exist_ok=True)


def test_a_failed_conversion_leaves_the_target_as_it_was(file, target):
    target.write_bytes(b"mine")
    with pytest.raises(CheckpointError):
        convert(file, "convnet", target, HALF, exist_ok=True)
    assert target.read_bytes() == b"mine" and sorted(p.name for p in target.parent.iterdir()) == sorted(
        [file.name, target.name]
    )


def test_a_place_that_cannot_be_written_is_named_before_any_work(file, tmp_path):
    with pytest.raises(UsageError, match="is a folder"):
        convert(file, "lenet5", tmp_path, HALF)
    with pytest.raises(UsageError, match="There is no folder"):
        convert(file, "lenet5", tmp_path / "none" / "x.safetensors", HALF)


def test_a_folder_without_permission_is_named_before_any_work(file, target, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(UsageError, match=r"cannot be written: no permission .* Choose another folder"):
        convert(file, "lenet5", target, HALF)


def test_a_file_of_ours_needs_no_conversion(file, target, tmp_path):
    convert(file, "lenet5", target, HALF)
    with pytest.raises(UsageError, match="is a cnnkit file already"):
        convert(target, "lenet5", tmp_path / "again.safetensors", HALF)


def test_a_file_for_another_network_is_told_for_which(file, target):
    with pytest.raises(
        CheckpointError, match=r"is not for convnet: .*dense3.*for which convnet has no place.*It fits --model lenet5\."
    ):
        convert(file, "convnet", target, HALF)
    with pytest.raises(UsageError, match=r"There is no model 'lenet6'\. Did you mean 'lenet5'"):
        convert(file, "lenet6", target, HALF)


def test_a_raw_file_whose_input_is_unknown_gives_the_command(file):
    with pytest.raises(
        CheckpointError,
        match=r"published\.npz fits lenet5, but .*\n  cnnkit weights convert \S*published\.npz published\.safetensors "
        r"--model lenet5 --mean 0\.5 --std 0\.5",
    ):
        load(file)


def test_a_raw_file_that_fits_nothing_gives_the_command(tmp_path):
    path = tmp_path / "my w.npz"
    np.savez(path, w=np.zeros(3, np.float32))
    with pytest.raises(
        CheckpointError,
        match=r"fits no network.*\n  cnnkit weights convert '\S*my w\.npz' 'my w\.safetensors' --model NAME",
    ):
        load(path)


def test_a_raw_file_of_a_published_network_is_taken_as_it_is(tmp_path):
    module = models.create("lenet_caffe", rng=np.random.default_rng(3))
    path = tmp_path / "raw.npz"
    np.savez(path, **{f"module.{name}": array for name, array in published(module, (50, 4, 4)).items()})
    predictor = load(path)
    assert (predictor.name, predictor.classes) == ("lenet_caffe", list("0123456789"))
    assert predictor.preprocessing.fit == "digit"
    for name, array in module.state_dict().items():
        np.testing.assert_array_equal(predictor.module.state_dict()[name], array)


def test_folders_of_pictures_are_judged_as_predict_sees_them(tmp_path):
    """An eighth of each picture is cut off around, in both."""
    weights = tmp_path / "squeezenet.npz"
    module = models.create("squeezenet1_1", classes=2, in_channels=3, image_size=(224, 224))
    np.savez(weights, **published(module))
    predictor = load(weights)
    assert predictor.preprocessing.fit == "margin"
    rng = np.random.default_rng(0)
    for kind in ("cat", "dog"):
        (tmp_path / "photos" / kind).mkdir(parents=True)
        for i in range(8):
            Image.fromarray(rng.integers(0, 256, (30, 40, 3), np.uint8)).save(tmp_path / f"photos/{kind}/{i}.png")
    splits = open_for(predictor, tmp_path / "photos")
    assert splits.preprocessing.fit == "margin"
    sample = splits.train[0]
    pictures = [load_image(path, predictor.preprocessing) for path in (tmp_path / "photos").glob("*/*.png")]
    assert any(np.array_equal(sample.image, picture) for picture in pictures)


def test_weights_without_class_names_are_judged_by_those_of_the_data(file, target):
    convert(file, "lenet5", target, HALF)
    predictor = load(target)
    train, test = (synthetic(40, 10, 28, 1, seed=seed) for seed in (5, 6))
    data = split_parts(train, None, test, found="synthetic", notes=[], seed=0, val_fraction=0.2)
    events = list(evaluate(predictor, data))
    assert Note(f"The weights have no class names; those of {data.name} are used, in their order.") in events
    assert isinstance(events[-1], EvaluateFinished)
    assert events[-1].result.classes == tuple(data.classes)
    train, test = (synthetic(40, 4, 28, 1, seed=seed) for seed in (5, 6))
    fewer = split_parts(train, None, test, found="synthetic", notes=[], seed=0, val_fraction=0.2)
    with pytest.raises(DataError, match="knows 10 classes"):
        list(evaluate(predictor, fewer))


def test_converted_weights_do_not_know_their_data(file, target):
    convert(file, "lenet5", target, HALF)
    with pytest.raises(
        UsageError, match=r"does not say what data it was trained on\. Give the data to evaluate it on: --data"
    ):
        list(evaluate(load(target)))


def test_a_converted_file_is_checked_like_any_of_ours(file, target):
    convert(file, "lenet5", target, HALF)
    assert safe.read_record(target)["kind"] == "weights"
    data = bytearray(target.read_bytes())
    data[-1] ^= 1
    target.write_bytes(data)
    with pytest.raises(CheckpointError, match="damaged"):
        load(target)


def of_our_own(tmp_path, name="own.npz"):
    """mobilenet_v1, saved under our own names in our own layout."""
    module = models.create("mobilenet_v1_x0_25", classes=3, in_channels=3, image_size=(64, 64))
    path = tmp_path / name
    np.savez(path, **module.state_dict())
    return module, path


def test_arrays_under_our_own_names_are_read_in_our_own_layout(module, target, tmp_path):
    path = tmp_path / "own.npz"
    np.savez(path, **module.state_dict())
    result = convert(path, "lenet5", target, HALF)
    assert result.layout == "hwio" and any("only so do their shapes fit" in note for note in result.notes)
    for name, array in load(target).module.state_dict().items():
        np.testing.assert_array_equal(array, module.state_dict()[name])


def test_a_layout_is_taken_as_told(file, target):
    assert convert(file, "lenet5", target, dataclasses.replace(HALF, layout="oihw")).layout == "oihw"
    with pytest.raises(CheckpointError, match="does not fit"):
        convert(file, "lenet5", target, dataclasses.replace(HALF, layout="hwio"), exist_ok=True)


@pytest.mark.parametrize("padding", ["same", "symmetric"])
def test_padding_is_kept_in_the_file_and_computed_with(padding, target, tmp_path, rng):
    module, path = of_our_own(tmp_path)
    result = convert(path, "mobilenet_v1_x0_25", target, Choices(image_size=(65, 65), padding=padding))
    assert result.padding == padding
    padded = models.create("mobilenet_v1_x0_25", classes=3, in_channels=3, image_size=(65, 65), padding=padding)
    padded.load_state_dict(module.needed_in_use())
    x = rng.normal(size=(1, 65, 65, 3)).astype(np.float32)
    with no_grad():
        y = load(target).module(x).numpy()
        np.testing.assert_array_equal(y, padded.eval()(x).numpy())
        assert not np.array_equal(y, module.eval()(x).numpy())


def test_a_file_that_does_not_tell_its_padding_is_told_of(target, tmp_path):
    _, path = of_our_own(tmp_path)
    notes = convert(path, "mobilenet_v1_x0_25", target).notes
    assert any("where zeros are added at stride 2" in note and "--padding same" in note for note in notes)


def test_keras_names_tell_keras_padding(target, tmp_path):
    module = models.create("mobilenet_v1_x0_25", classes=3, in_channels=3, image_size=(64, 64))
    path = tmp_path / "keras.npz"
    np.savez(path, **{name.replace(".weight", ".kernel"): array for name, array in module.state_dict().items()})
    result = convert(path, "mobilenet_v1_x0_25", target)
    assert result.padding == "same" and not any("stride 2" in note for note in result.notes)


def test_pytorchs_names_tell_pytorchs_padding(target, tmp_path):
    module = models.create("resnet18", classes=3, in_channels=3, image_size=(32, 32))
    arrays = {}
    for name, array in module.needed_in_use().items():
        name = re.sub(r"conv(\d)\.conv\.", r"conv\1.", name)
        name = re.sub(r"conv(\d)\.norm\.", r"bn\1.", name)
        name = name.replace("shortcut.conv.", "downsample.0.").replace("shortcut.norm.", "downsample.1.")
        arrays[name] = array.transpose(3, 2, 0, 1) if array.ndim == 4 else array.T if array.ndim == 2 else array
    path = tmp_path / "torch.npz"
    np.savez(path, **arrays)
    result = convert(path, "resnet18", target, Choices(image_size=(32, 32)))
    assert (result.padding, result.layout) == ("default", "oihw")
    assert not any("stride 2" in note or "shapes" in note for note in result.notes)


def test_a_file_without_the_field_keeps_its_geometry(target, tmp_path, rng):
    module, path = of_our_own(tmp_path)
    convert(path, "mobilenet_v1_x0_25", target, Choices(image_size=(64, 64), padding="same"))
    arrays, record = safe.load(target)
    del record["padding"]
    safe.save(target, arrays, record)
    x = rng.normal(size=(1, 65, 65, 3)).astype(np.float32)
    with no_grad():
        np.testing.assert_array_equal(load(target).module(x).numpy(), module.eval()(x).numpy())


@pytest.mark.parametrize("padding", ["valid", 3, None, ["same"]])
def test_a_padding_that_is_none_is_refused_on_load(padding, target, tmp_path):
    _, path = of_our_own(tmp_path)
    convert(path, "mobilenet_v1_x0_25", target)
    arrays, record = safe.load(target)
    safe.save(target, arrays, {**record, "padding": padding})
    with pytest.raises(CheckpointError):
        load(target)


def test_a_full_disk_is_told_without_advice_for_runs(file, target, monkeypatch):
    def fail(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files, "_fsync", fail)
    with pytest.raises(ResourceError, match=r"no room to write .*ours\.safetensors") as caught:
        convert(file, "lenet5", target, HALF)
    assert "--resume" not in str(caught.value) and not target.exists()
