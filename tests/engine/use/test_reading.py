"""However a run came to its way of reading pictures, `evaluate` reads them so too: the run's own accuracy comes out."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from cnnkit.data.open.source import open_data
from cnnkit.data.view.preprocessing import Preprocessing
from cnnkit.engine.ahead.preview import preview
from cnnkit.engine.evaluate import evaluate, open_for
from cnnkit.engine.fit import fit, resume
from cnnkit.engine.records.events import EvaluateFinished, Finished
from cnnkit.engine.records.options import FitOptions
from cnnkit.engine.use.load import load
from cnnkit.engine.use.reading import open_as
from cnnkit.engine.use.same_classes import labelled_for
from cnnkit.errors import DataError
from cnnkit.models.network import Network
from cnnkit.serialize import safe


@pytest.fixture
def photos(tmp_path):
    """Pictures of two kinds, told apart by a frame at their margin: how they are brought to size decides the answer."""
    rng = np.random.default_rng(4)
    for kind in ("inner", "outer"):
        (tmp_path / "photos" / kind).mkdir(parents=True)
        for i in range(20):
            pixels = rng.integers(0, 256, (40, 60, 3))
            if kind == "outer" or i % 4 == 0:
                pixels[:, :12] = pixels[:, -12:] = 30 + 10 * i
            Image.fromarray(pixels.astype(np.uint8)).save(tmp_path / "photos" / kind / f"{i}.png")
    return tmp_path / "photos"


def start(tmp_path, fit: str, channels: int = 3, classes: int = 2):
    """A weight file of others, as `weights convert` leaves it, with its own way of reading."""
    rng = np.random.default_rng(0)
    network = Network("lenet5", classes, channels, (28, 28)).build()
    for parameter in network.parameters():
        parameter.take(rng.normal(0, 0.2, parameter.shape).astype(np.float32))
    record = {
        "kind": "weights",
        "task": "classification",
        "model": "lenet5",
        "own_module": False,
        "classes": [f"class {i}" for i in range(classes)],
        "preprocessing": Preprocessing(28, 28, channels, (0.4,) * channels, (0.3,) * channels, fit).to_record(),
        "converted_from": "x.pth",
        "data_options": {},
    }
    safe.save(tmp_path / "start.safetensors", network.state_dict(), record)
    return str(tmp_path / "start.safetensors")


def trained(tmp_path, **choices):
    plain = {"model": "lenet5", "epochs": 1, "batch_size": 8, "augment": "none", "output": str(tmp_path / "run")}
    *_, last = fit(FitOptions.from_values(plain | choices))
    assert isinstance(last, Finished)
    return last.result


def judged(tmp_path, **choices):
    *_, last = evaluate(load(tmp_path / "run"), **choices)
    assert isinstance(last, EvaluateFinished)
    return last.result


def check(tmp_path, **choices):
    ran, found = trained(tmp_path, **choices), judged(tmp_path)
    assert (found.top1, found.n) == (ran.top1, ran.test_images)
    assert found.loss == pytest.approx(ran.test_loss, rel=1e-5)


@pytest.mark.parametrize("choices", [{}, {"image_size": 32}, {"image_size": [24, 36]}, {"grey": True}, {"seed": 5}])
def test_a_plain_folder(tmp_path, photos, choices):
    check(tmp_path, data=str(photos), **choices)


@pytest.mark.parametrize("fit", ["crop", "margin", "stretch", "digit"])
@pytest.mark.parametrize("channels", [1, 3])
def test_weights_with_a_way_of_reading_of_their_own(tmp_path, photos, fit, channels):
    check(tmp_path, data=str(photos), weights=start(tmp_path, fit, channels), freeze="none")


@pytest.mark.parametrize("freeze", ["none", "trunk"])
def test_weights_and_another_size(tmp_path, photos, freeze):
    check(tmp_path, data=str(photos), weights=start(tmp_path, "stretch", classes=3), freeze=freeze)


def test_unreadable_pictures_that_were_skipped(tmp_path, photos):
    for i in (0, 7, 13):
        (photos / "inner" / f"{i}.png").write_bytes(b"no picture")
    check(tmp_path, data=str(photos), on_unreadable="skip", weights=start(tmp_path, "margin"))


def test_a_list_of_pictures(tmp_path, photos):
    rows = [f"photos/{path.parent.name}/{path.name},{path.parent.name}" for path in sorted(photos.rglob("*.png"))]
    (tmp_path / "list.csv").write_text("\n".join(["path,label", *rows]))
    check(tmp_path, data=str(tmp_path / "list.csv"), weights=start(tmp_path, "margin"))


def test_a_run_that_goes_on_reads_as_it_began(tmp_path, photos):
    check(tmp_path, data=str(photos), weights=start(tmp_path, "stretch"), freeze="none")
    *_, last = resume(tmp_path / "run", {"epochs": 2})
    found = judged(tmp_path)
    assert (found.top1, found.n) == (last.result.top1, last.result.test_images)


def test_other_data_are_read_the_same_way(tmp_path, photos):
    trained(tmp_path, data=str(photos), weights=start(tmp_path, "margin"))
    network = load(tmp_path / "run")
    opened = open_for(network, photos)
    expected = open_data(photos, image_size=28, grey=False, fit="margin")
    assert network.preprocessing.fit == opened.preprocessing.fit == "margin"
    np.testing.assert_array_equal(opened.test[0].image, expected.test[0].image)
    assert replace(network.preprocessing, mean=(0,) * 3, std=(1,) * 3) == replace(
        opened.preprocessing, mean=(0,) * 3, std=(1,) * 3
    )


def test_the_pixels_shown_are_those_of_a_training_from_these_weights(tmp_path, photos):
    weights = start(tmp_path, "stretch")
    shown = preview(str(photos), weights=weights, augment="none", count=1)
    expected = open_data(photos, image_size=28, fit="stretch")
    assert shown.image_size == (28, 28)
    np.testing.assert_array_equal(shown.samples[0].image, expected.train[shown.samples[0].index].image)


def test_data_to_judge_by_may_lack_classes(tmp_path):
    """A folder, a list and arrays of one class of two: a training refuses them, an evaluation does not."""
    rng = np.random.default_rng(0)
    (tmp_path / "photos" / "b").mkdir(parents=True)
    for i in range(8):
        Image.fromarray(rng.integers(0, 256, (12, 12, 3), np.uint8)).save(tmp_path / "photos" / "b" / f"{i}.png")
    rows = [f"photos/b/{i}.png,b" for i in range(8)]
    (tmp_path / "list.csv").write_text("\n".join(["path,label", *rows]))
    images = rng.integers(0, 256, (8, 12, 12, 3), np.uint8)
    np.savez(tmp_path / "arrays.npz", images=images, labels=np.full(8, 2))
    np.savez(tmp_path / "texts.npz", images=images, labels=np.array(["b"] * 8))
    for name in ("photos", "list.csv", "arrays.npz", "texts.npz"):
        with pytest.raises(DataError, match=r"of one class|no training image for"):
            open_as(None, tmp_path / name)
        splits = open_as(None, tmp_path / name, learn=False)
        classes = ["0", "1", "2"] if name == "arrays.npz" else ["a", "b"]
        judged, notes = labelled_for(splits, classes, "net", "test")
        assert set(judged.test.labels().tolist()) == {classes.index(splits.classes[-1])} and "no images of" in notes[0]
