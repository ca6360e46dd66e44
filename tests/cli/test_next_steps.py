"""What the screen proposes after a run: each command is run, and does something."""

import json
import re
import shlex
import shutil

import numpy as np
import pytest
from PIL import Image

from cnnkit.data.sets.digits import digits
from cnnkit.engine.time import budget
from cnnkit.engine.time.pace import Pace

PROPOSED = re.compile(r"(--(?:epochs|steps|patience) \d+)")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A few digits of three classes, as pictures and as arrays."""
    root, train = tmp_path_factory.mktemp("data"), digits("train")
    images, labels = [], []
    for index in range(0, 900, 5):
        sample = train[index]
        if sample.target < 3:
            (root / "pictures" / str(sample.target)).mkdir(parents=True, exist_ok=True)
            Image.fromarray(sample.image[:, :, 0]).save(root / "pictures" / str(sample.target) / f"{index}.png")
            images.append(sample.image[:, :, 0])
            labels.append(sample.target)
    np.savez(root / "digits.npz", images=np.stack(images), labels=np.array(labels))
    return root


@pytest.fixture(autouse=True)
def known_pace(monkeypatch):
    """An hour is ten steps, on any machine."""
    monkeypatch.setattr(budget, "measure", lambda *_, **__: Pace(step=300.0, val=100.0, test=100.0))
    monkeypatch.setattr(budget.Budget, "revised", lambda *_: None)


def history(run):
    return [json.loads(line) for line in (run / "events.jsonl").read_text().splitlines()]


def steps(run):
    return [event for event in history(run) if event["event"] == "StepEnd"]


def train(cnnkit, *arguments):
    ended = cnnkit("train", "--model", "lenet5", "--batch-size", "16", "--output", "run", *arguments)
    assert ended.code == 0, ended.err
    return ended


def proposed(ended):
    """The commands that the screen proposes, as words."""
    return [shlex.split(line)[1:] for line in ended.err.splitlines() if line.startswith("  cnnkit ")]


ENDS = {
    "epochs": ["--epochs", "2"],
    "steps": ["--steps", "3"],
    "time": ["--time", "1h"],
    "patience": ["--epochs", "9", "--patience", "1", "--lr", "1e-9"],
    "last": ["--epochs", "2", "--keep", "last"],
}


@pytest.mark.parametrize(
    ("kind", "end"),
    [("pictures", "epochs"), ("pictures", "last"), ("digits.npz", "steps"), ("digits.npz", "time")],
)
def test_every_command_that_a_finished_run_proposes_does_something(cnnkit, data, empty_folder, kind, end):
    run = empty_folder / "run"
    commands = proposed(train(cnnkit, "--data", data / kind, *ENDS[end]))
    assert [words[0] for words in commands] == ["evaluate", "predict", "train"]
    before = steps(run)
    for words in commands:
        ended = cnnkit(*words)
        assert ended.code == 0, (words, ended.err)
        assert ended.out.strip()
    more = steps(run)[len(before) :]
    assert more and more[0]["step"] == before[-1]["step"] + 1
    # A rate near nothing would change nothing.
    assert max(event["lr"] for event in more) >= 0.5 * max(event["lr"] for event in before)
    assert "learning rate" in ended.err


@pytest.mark.parametrize("end", ["epochs", "steps", "patience"])
def test_what_a_finished_run_says_would_go_on_does(cnnkit, data, empty_folder, end):
    run = empty_folder / "run"
    train(cnnkit, "--data", data / "digits.npz", *ENDS[end])
    again = cnnkit("train", "--resume", run)
    assert again.code == 0
    told = PROPOSED.findall(" ".join(again.err.split()).split("would go on")[0])
    assert len(told) == (2 if end == "patience" else 1)
    for number, option in enumerate(told):
        copy = shutil.copytree(run, empty_folder / f"copy {number}")
        ended = cnnkit("train", "--resume", copy, *option.split())
        assert ended.code == 0 and len(steps(copy)) > len(steps(run)), option


def test_images_learned_by_heart_have_nothing_to_go_on_with(cnnkit, data, empty_folder):
    ended = cnnkit("train", "--data", data / "pictures", "--model", "lenet5", "--overfit", "3", "--output", "run")
    assert ended.code == 0 and "copies" not in ended.err and "--resume" not in ended.err
    assert "Memorised 3 images" in ended.err
    for words in proposed(ended):
        assert cnnkit(*words).code == 0
    again = cnnkit("train", "--resume", "run")
    assert again.code == 0 and "--epochs" not in again.err


def test_a_frozen_trunk_can_be_trained_further(cnnkit, data, empty_folder):
    train(cnnkit, "--data", data / "pictures", "--epochs", "1")
    ended = cnnkit(
        "train", "--data", data / "pictures", "--weights", "run", "--freeze", "trunk", "--epochs", "2", "-o", "head"
    )
    assert ended.code == 0 and "best" not in re.sub(r"--keep best[^.]*", "", ended.err)
    resumes = [words for words in proposed(ended) if words[0] == "train"]
    assert resumes and cnnkit(*resumes[0]).code == 0


def test_where_there_is_no_picture_to_ask_about_none_is_proposed(cnnkit, empty_folder):
    rng = np.random.default_rng(0)
    np.savez("own.npz", images=rng.integers(0, 256, (60, 32, 32, 3), np.uint8), labels=np.arange(60) % 3)
    commands = proposed(train(cnnkit, "--data", "own.npz", "--epochs", "1"))
    assert [words[0] for words in commands] == ["evaluate", "train"]


def test_no_command_is_proposed_that_lacks_what_came_from_python(cnnkit, empty_folder):
    from cnnkit import fit, nn

    part = digits("train")
    images, labels = part.images[:100], part.labels()[:100]
    network = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
    fit(network, (images, labels), epochs=1, output="own")
    fit((images, labels), model="lenet5", epochs=1, output="named")
    own, named = cnnkit("train", "--resume", "own"), cnnkit("train", "--resume", "named")
    assert (own.code, proposed(own)) == (0, [])
    assert "own is finished: 1 epoch. cnnkit.fit(network, data, resume_from='own', epochs=2) would go on." in own.err
    assert [words[0] for words in proposed(named)] == ["predict"]
    assert cnnkit(*proposed(named)[0]).code == 0
    assert " ".join(named.err.split()).count("new cycle") == 1
