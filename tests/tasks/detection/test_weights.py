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
