"""A run or a weight file that is not there: the message says what is accepted and what may be meant."""

import re

import numpy as np
import pytest

from cnnkit.engine.use.load import load
from cnnkit.errors import CheckpointError


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("resnet32.pth", "notes.txt", "photo.png"):
        (tmp_path / name).touch()
    for run in ("runs/mine-1", "runs/mine-2"):
        (tmp_path / run / "weights").mkdir(parents=True)
        (tmp_path / run / "weights" / "best.safetensors").touch()
    return tmp_path


def said(source):
    with pytest.raises(CheckpointError) as caught:
        load(source)
    return str(caught.value)


@pytest.mark.parametrize("source", ["nope.pth", "nowhere/nope.npz", "nope"])
def test_a_missing_file_names_the_kinds_that_are_accepted(here, source):
    message = said(source)
    assert message.startswith(f"There is no file {source}. Give a run folder, or a weight file: .safetensors, ")
    assert all(ending in message for ending in (".npz", ".pth", ".pt", ".th"))
    assert "Did you mean" not in message


def test_a_slip_names_the_file_or_run_that_is_meant(here):
    assert said("resnet23.pth").endswith("Did you mean resnet32.pth?")
    assert re.search(r"Did you mean runs/mine-\d or runs/mine-\d\?$", said("runs/mine"))
    assert "notes.txt" not in said("nots.txt"), "a file that holds no weights is not proposed"


def test_a_folder_of_runs_names_runs_in_it(here):
    message = said("runs")
    assert message.startswith("runs is not a run folder") and message.endswith("runs/mine-1 or runs/mine-2?")


def test_the_name_of_a_network_is_no_file(here):
    message = said("resnet18")
    assert "is the name of a network" in message and "--model resnet18" in message


def test_data_in_place_of_a_run_lead_to_the_option_for_data(here):
    for name in ("cat", "dog"):
        (here / "my photos" / name).mkdir(parents=True)
        (here / "my photos" / name / "1.png").touch()
    assert said("my photos").endswith(
        "It holds data. To evaluate the newest run on it: cnnkit evaluate --data 'my photos'."
    )
    assert "cnnkit evaluate --data digits" in said("digits") and "Give a run folder" in said("digits")


def test_files_of_data_and_pictures_lead_to_where_they_are_read(here):
    images, labels = np.zeros((6, 8, 8), np.uint8), np.array([0, 1] * 3)
    np.savez(here / "data.npz", X_train=images, y_train=labels)
    np.savez(here / "weights.npz", some=np.zeros(3, np.float32))
    (here / "list.csv").write_text("path,label\nphoto.png,a\n")
    (here / "photo.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    for name in ("data.npz", "list.csv"):
        assert said(name).endswith(
            f"holds data, not weights. To evaluate the newest run on it: cnnkit evaluate --data {name}."
        )
    assert said("photo.png").endswith("not weights. To ask what it shows: cnnkit predict photo.png.")
    assert "cnnkit weights convert" in said("weights.npz")
