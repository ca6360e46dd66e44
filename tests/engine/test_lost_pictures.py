"""Pictures that vanish or break while a network learns from them: a message, a state, and the same end as without."""

import shutil

import numpy as np
import pytest
from PIL import Image

from cnnkit.engine.events import Finished, StepEnd
from cnnkit.engine.fit import fit, resume
from cnnkit.engine.options import FitOptions
from cnnkit.errors import DataError


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(0)
    for part, count in (("train", 12), ("val", 3), ("test", 3)):
        for label in ("cat", "dog"):
            place = tmp_path / "photos" / part / label
            place.mkdir(parents=True)
            for i in range(count):
                Image.fromarray(rng.integers(0, 256, (28, 28), np.uint8)).save(place / f"{i}.png")
    return tmp_path / "photos"


def options(folder, output):
    return FitOptions(data=str(folder), model="lenet5", epochs=2, batch_size=4, cache=0.0, output=str(output))


@pytest.mark.parametrize("damage", ["gone", "cut"])
@pytest.mark.parametrize("part", ["train", "val"])
def test_the_run_is_saved_and_goes_on_once_the_file_is_back(folder, tmp_path, damage, part):
    whole = list(fit(options(folder, tmp_path / "whole")))[-1]
    path = folder / part / "cat" / "1.png"
    events = fit(options(folder, tmp_path / "run"))
    for event in events:
        if isinstance(event, StepEnd) and event.step == 1:
            break
    shutil.copy(path, tmp_path / "kept.png")
    path.unlink() if damage == "gone" else path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(DataError, match=r"1\.png .*The last good state is kept: .*train --resume") as caught:
        list(events)
    assert str(tmp_path / "run") in str(caught.value) and list((tmp_path / "run" / "state").glob("step-*"))
    with pytest.raises(DataError, match=r"cannot be read|have changed|1\.png"):
        list(resume(tmp_path / "run"))
    shutil.copy(tmp_path / "kept.png", path)
    end = list(resume(tmp_path / "run"))[-1]
    assert isinstance(end, Finished) and end.result.test_loss == whole.result.test_loss
