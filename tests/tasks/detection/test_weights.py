"""A training that starts from a detector that was trained on other things."""

import numpy as np
import pytest
from tasks.detection.toy import Blocks

import cnnkit
from cnnkit.data.open.splits import DataSplits


class Lamps(Blocks):
    """The same pictures, with a class that no block of the first training had."""

    name, classes = "lamps", ["bright", "dark", "broken"]


def lamps():
    return DataSplits(Lamps(10, 3), Lamps(4, 4), Lamps(4, 5), "lamps")


@pytest.fixture
def tuned(smooth, tmp_path):
    options = {"epochs": 1, "batch_size": 5, "lr": 1e-12, "augment": "none", "output": str(tmp_path / "run")}
    return cnnkit.fit(lamps(), weights=smooth.checkpoint, **options)


def test_the_heads_begin_anew_and_that_is_said(smooth, tuned):
    [note] = [note for note in tuned.notes if "re-initialised" in note]
    assert "The weights are those of" in note
    before, after = (cnnkit.load(run).module.state_dict() for run in (smooth, tuned))
    assert {name for name in before if before[name].shape != after[name].shape} == {"label.weight", "label.bias"}
    for name in ("conv1.weight", "conv2.weight", "conv3.weight"):
        # A rate of nothing: what came from the file is where it was.
        np.testing.assert_allclose(after[name], before[name], atol=1e-9)
    assert cnnkit.load(tuned).classes == Lamps.classes


@pytest.mark.slow
def test_the_detector_of_the_package_learns_other_things_and_both_of_its_heads_begin_anew(tmp_path):
    """At a rate of nothing, so that what stays different was not learned."""
    options = {"task": "detection", "image_size": 64, "steps": 1, "batch_size": 4, "lr": 1e-12, "head_lr": 1e-12}
    tuned = cnnkit.fit("shapes", weights="yolo_fastest", augment="none", output=str(tmp_path / "run"), **options)
    [note] = [note for note in tuned.notes if "re-initialised" in note]
    assert "Its heads, 2 layers, are re-initialised, because the classes differ: layers.129.weight" in note
    before, after = (cnnkit.load(run).module.state_dict() for run in ("yolo_fastest", tuned))
    other = {name for name in before if before[name].shape != after[name].shape}
    assert other == {f"layers.{head}.{part}" for head in (120, 129) for part in ("weight", "bias")}
    for name in before.keys() - other:
        if name.endswith(("weight", "bias")):
            np.testing.assert_allclose(after[name], before[name], rtol=0, atol=1e-9, err_msg=name)
    # An anchor that has learned nothing still says that there is likely no box: 0.01 of sigmoid.
    objects = after["layers.129.bias"].reshape(3, 8)[:, 4]
    np.testing.assert_allclose(objects, -np.log(99), rtol=1e-6)
