"""Pictures that vanish or break while a network learns from them: a message, a state, and the same end as without."""

import shutil

import numpy as np
import pytest
from PIL import Image

from cnnkit.engine.fit import fit, resume
from cnnkit.engine.records.events import Finished, StepEnd
from cnnkit.engine.records.options import FitOptions
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
@pytest.mark.slow
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


def stopped(folder, tmp_path, spoil, name="run"):
    """A run that met a spoiled picture, and the message that it ended with."""
    events = fit(options(folder, tmp_path / name))
    for event in events:
        if isinstance(event, StepEnd) and event.step == 1:
            spoil()
            break
    with pytest.raises(DataError) as caught:
        list(events)
    return tmp_path / name, str(caught.value)


def gone(path):
    path.unlink()


def cut(path):
    path.write_bytes(path.read_bytes()[:300])


def spoiled_inside(path):
    """Length, beginning and end stay: nothing but decoding it tells."""
    content = bytearray(path.read_bytes())
    content[100:140] = bytes(40)
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("part", "spoil"),
    [
        pytest.param(part, spoil, marks=[] if k == n else pytest.mark.slow)
        for k, part in enumerate(("train", "val", "test"))
        for n, spoil in enumerate((gone, cut, spoiled_inside))
    ],
)
def test_the_run_goes_on_without_the_file_as_the_message_says(folder, tmp_path, spoil, part):
    path = folder / part / "cat" / "1.png"
    whole = path.read_bytes()
    run, message = stopped(folder, tmp_path, lambda: spoil(path))
    assert f"cnnkit train --resume {run} --on-unreadable skip" in message
    before = (run / "parts.csv").read_bytes()
    twin = shutil.copytree(run, tmp_path / "twin")
    started, *_, end = resume(run, {"on_unreadable": "skip"})
    assert isinstance(end, Finished) and end.result.test_images == (5 if part == "test" else 6)
    assert started.train_images == 24 and started.val_images == (5 if part == "val" else 6)
    assert any(f"The {part} part has lost 1 image ({part}/cat/1.png)" in note for note in started.notes)
    assert (run / "parts.csv").read_bytes() == before
    again = list(resume(twin, {"on_unreadable": "skip"}))[-1]
    assert again.result.test_loss == end.result.test_loss
    # It needs not be said again, and once the file is back the run has all of its images again.
    assert list(resume(run, {"epochs": 3}))[-1].result.epochs == 3
    path.write_bytes(whole)
    started, *_ = resume(run, {"epochs": 4})
    assert (started.train_images, started.val_images, started.test_images) == (24, 6, 6)
    assert not any("has lost" in note for note in started.notes)


def test_a_second_file_may_be_lost_while_the_run_goes_on_without_the_first(folder, tmp_path):
    run, _ = stopped(folder, tmp_path, lambda: gone(folder / "train" / "cat" / "1.png"))
    events = resume(run, {"on_unreadable": "skip"})
    for event in events:
        if isinstance(event, StepEnd):
            gone(folder / "val" / "dog" / "2.png")
            break
    with pytest.raises(DataError, match="--on-unreadable skip"):
        list(events)
    started, *_, end = resume(run)
    assert isinstance(end, Finished) and len([note for note in started.notes if "has lost" in note]) == 2


def test_pictures_that_changed_or_are_new_are_no_lost_ones(folder, tmp_path):
    path = folder / "train" / "cat" / "1.png"
    run, _ = stopped(folder, tmp_path, lambda: gone(path))
    Image.new("L", (28, 28), 99).save(path)
    with pytest.raises(DataError, match=r"train/cat/1\.png has changed"):
        list(resume(run, {"on_unreadable": "skip"}))
    path.rename(path.with_name("new.png"))
    with pytest.raises(DataError, match=r"train/cat/new\.png is new"):
        list(resume(run, {"on_unreadable": "skip"}))


def test_a_file_lost_before_the_first_state_is_passed_over_too(folder, tmp_path):
    run, _ = stopped(folder, tmp_path, lambda: gone(folder / "train" / "cat" / "1.png"))
    for state in (run / "state").glob("*"):
        state.unlink()
    with pytest.raises(DataError, match="--on-unreadable skip"):
        list(resume(run))
    end = list(resume(run, {"on_unreadable": "skip"}))[-1]
    assert isinstance(end, Finished) and end.result.steps == 12


@pytest.mark.parametrize("part", ["train", "val"])
def test_a_run_of_an_older_version_goes_on_without_a_picture_that_is_damaged_inside(
    folder, tmp_path, monkeypatch, part
):
    monkeypatch.setattr("cnnkit.data.open.opening.CHECKED_AT_OPEN", 0)
    spoiled_inside(folder / part / "dog" / "2.png")
    with pytest.raises(DataError, match="--on-unreadable skip"):
        list(fit(options(folder, tmp_path / "run")))
    (tmp_path / "run" / "parts.csv").unlink()
    if part == "train":
        for state in (tmp_path / "run" / "state").glob("*"):
            state.unlink()
    started, *_, end = resume(tmp_path / "run", {"on_unreadable": "skip"})
    assert isinstance(end, Finished) and started.train_images == 24
    assert any(f"has lost 1 image ({part}/dog/2.png)" in note for note in started.notes)


def test_a_run_of_an_older_version_that_lost_a_file_says_why_it_cannot_go_on(folder, tmp_path):
    path = folder / "train" / "dog" / "3.png"
    run, _ = stopped(folder, tmp_path, lambda: gone(path))
    (run / "parts.csv").unlink()
    with pytest.raises(DataError, match="the run has no record of which"):
        list(resume(run, {"on_unreadable": "skip"}))
