"""Only `data fetch` and `weights fetch` open a connection: all others work where any socket is a failure."""

import socket

import pytest
from PIL import Image


@pytest.fixture(autouse=True)
def no_sockets(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("a socket was opened")

    for name in ("socket", "create_connection", "getaddrinfo"):
        monkeypatch.setattr(socket, name, refuse)


def test_training_evaluating_predicting_and_looking_open_no_socket(cnnkit, tmp_path):
    for level, name in ((40, "dark"), (210, "bright")):
        (tmp_path / "pictures" / name).mkdir(parents=True)
        for i in range(8):
            Image.new("L", (28, 28), level + i).save(tmp_path / "pictures" / name / f"{i}.png")
    run = tmp_path / "run"
    chosen = ["--model", "lenet5", "--grey", "--image-size", 28, "--epochs", 1, "--batch-size", 8]
    assert cnnkit("train", "--data", tmp_path / "pictures", *chosen, "--output", run).code == 0
    assert cnnkit("evaluate", run).code == 0
    assert cnnkit("predict", tmp_path / "pictures", "--model", run).code == 0
    for command in (
        ["models", "--task", "segmentation"],
        ["models", "lenet5"],
        ["data", "list"],
        ["data", "check", "digits"],
        ["weights", "list"],
        ["doctor"],
    ):
        assert cnnkit(*command).code == 0


@pytest.mark.parametrize("words", [("data", "fetch", "mnist"), ("weights", "fetch", "resnet20")])
def test_fetch_is_what_the_guard_catches(cnnkit, tmp_path, monkeypatch, words):
    monkeypatch.setenv("CNNKIT_FETCH_URL", "http://127.0.0.1:9/")
    monkeypatch.setenv("CNNKIT_DATA_HOME", str(tmp_path))
    assert cnnkit(*words, "--json").code != 0
