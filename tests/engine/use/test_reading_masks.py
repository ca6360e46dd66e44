"""Pictures with masks are read as a run says, in training, when it goes on and when it is judged."""

import numpy as np
import pytest
from PIL import Image
from tasks.segmentation import toy  # noqa: F401 - a network for masks

import cnnkit
from cnnkit.data.view.preprocessing import Preprocessing
from cnnkit.engine.evaluate import open_for
from cnnkit.engine.use.reading import open_as
from cnnkit.errors import DataError, UsageError

OPTIONS = {"model": "toy_fcn", "steps": 2, "batch_size": 4, "augment": "none", "image_size": 24}


def write(root, part="", seed=0, values=(0, 1, 7)):
    """Grey pictures of 30x40 with masks of three values."""
    rng = np.random.default_rng(seed)
    for name in ("images", "masks"):
        (root / part / name).mkdir(parents=True, exist_ok=True)
    for number in range(8):
        Image.fromarray(rng.integers(0, 256, (30, 40), np.uint8)).save(root / part / f"images/{number}.png")
        mask = np.array(values, np.uint8)[rng.integers(0, len(values), (30, 40))]
        Image.fromarray(mask).save(root / part / f"masks/{number}.png")
    return root


@pytest.fixture
def cells(tmp_path):
    return write(tmp_path / "cells")


def test_a_run_keeps_its_fit_and_what_is_void(cells, tmp_path):
    run = cnnkit.fit(str(cells), **OPTIONS, fit="letterbox", ignore="7", output=str(tmp_path / "run"))
    predictor = cnnkit.load(run)
    assert predictor.task.name == "segmentation" and predictor.classes == ["background", "foreground"]
    assert predictor.preprocessing.fit == "letterbox"
    assert predictor.record["data_options"]["fit"] == "letterbox" and predictor.record["data_options"]["ignore"] == "7"
    again = open_for(predictor)
    assert again.preprocessing == predictor.preprocessing and again.classes == predictor.classes
    assert again.fingerprint() == predictor.record["data_sha256"]
    longer = cnnkit.fit(resume_from=str(tmp_path / "run"), steps=3)
    assert longer.steps == 3
    other = open_for(predictor, write(tmp_path / "others", seed=3))
    assert other.preprocessing.shape == (24, 24, 1) and other.classes == predictor.classes


def test_a_changed_mask_stops_a_run_from_going_on(cells, tmp_path):
    cnnkit.fit(str(cells), **OPTIONS, output=str(tmp_path / "run"))
    Image.fromarray(np.zeros((30, 40), np.uint8)).save(cells / "masks/0.png")
    with pytest.raises(DataError, match="data have changed"):
        cnnkit.fit(resume_from=str(tmp_path / "run"), steps=3)


def test_a_classifiers_size_and_fit_say_nothing_of_pictures_with_masks(cells):
    own = open_as(None, cells)
    assert own.preprocessing.fit == "keep" and own.preprocessing.shape == (30, 40, 1)
    margin = Preprocessing(8, 8, 1, (0.5,), (0.25,), "margin")
    assert open_as(margin, cells, trained="classification").preprocessing.shape == (30, 40, 1)
    assert open_as(margin, cells, trained="segmentation").preprocessing.fit == "margin"


@pytest.mark.parametrize(("option", "value"), [("fit", "keeep"), ("ignore", "300"), ("ignore", "a")])
def test_what_cannot_be_meant_is_refused_before_any_work(cells, option, value):
    with pytest.raises(UsageError, match=option):
        cnnkit.fit(str(cells), **OPTIONS, **{option: value})


def test_a_run_goes_on_without_a_pair_that_is_lost(cells, tmp_path):
    cnnkit.fit(str(cells), **OPTIONS, output=str(tmp_path / "run"))
    (cells / "masks/3.png").unlink()
    with pytest.raises(DataError, match=r"3\.png has no mask.*--on-unreadable skip"):
        cnnkit.fit(resume_from=str(tmp_path / "run"), steps=3)
    assert cnnkit.fit(resume_from=str(tmp_path / "run"), steps=3, on_unreadable="skip").steps == 3
