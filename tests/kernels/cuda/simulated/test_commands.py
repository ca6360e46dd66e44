"""The command line on the pretended device."""

import json

import numpy as np
import pytest
from PIL import Image

from cnnkit.bench import checked
from cnnkit.cli.main import run
from cnnkit.models.registry import ModelSpec, family
from cnnkit.nn import Conv2d, Flatten, Linear, MaxPool2d, Sequential
from cnnkit.serialize import safe

SMALL = ["--model", "sides_net", "--image-size", "8", "--grey", "--batch-size", "2", "--augment", "none", "--seed", "1"]


@family(r"sides_net")
def network(name, found):
    """Two filters, so that a training takes seconds even here."""

    def build(*, classes, in_channels, image_size, rng):
        conv = Conv2d(in_channels, 2, 3, padding=1, activation="relu", rng=rng)
        return Sequential(
            {"conv": conv, "pool": MaxPool2d(2), "flat": Flatten(), "score": Linear(32, classes, rng=rng)}
        )

    return ModelSpec(name, (8, 8, 1), "", "", build)


def said(capsys, *arguments):
    """What the command prints as JSON."""
    capsys.readouterr()
    assert run([*arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def weights_of(folder):
    arrays, _ = safe.load(folder / "weights" / "last.safetensors")
    return {name: np.array(array) for name, array in arrays.items()}


@pytest.fixture
def photos(tmp_path):
    """Two classes of five small pictures: one bright on the left, one on the right."""
    rng = np.random.default_rng(0)
    for label in range(2):
        folder = tmp_path / "photos" / f"side{label}"
        folder.mkdir(parents=True)
        for number in range(5):
            pixels = rng.integers(0, 80, (8, 8), dtype=np.uint8)
            pixels[:, 4 * label : 4 * label + 4] += 120
            Image.fromarray(pixels).save(folder / f"{number}.png")
    return tmp_path / "photos"


def test_what_is_trained_on_one_goes_on_judges_and_predicts_on_the_other(photos, tmp_path, capsys):
    """A step there and one here, and the other way round: the same weights, but for rounding."""
    for folder, first, then in (("there", "cuda", "cpu"), ("here", "cpu", "cuda")):
        output = str(tmp_path / folder)
        given = ["--data", str(photos), *SMALL, "--steps", "1", "--output", output]
        assert run(["train", *given, "--backend", first]) == 0
        assert run(["train", "--resume", output, "--steps", "2", "--backend", then]) == 0
    found, expected = weights_of(tmp_path / "there"), weights_of(tmp_path / "here")
    for name, array in expected.items():
        np.testing.assert_allclose(found[name], array, rtol=1e-4, atol=1e-5, err_msg=name)
    picture, model = str(photos / "side1" / "0.png"), str(tmp_path / "there")
    answers = [
        [
            said(capsys, "predict", picture, "--model", model, "--top", "2", "--backend", name),
            said(capsys, "evaluate", model, "--backend", name),
        ]
        for name in ("cuda", "cpu")
    ]
    (there, judged_there), (here, judged_here) = answers
    assert there["label"] == here["label"] and there["score"] == pytest.approx(here["score"], abs=1e-5)
    assert judged_there["loss"] == pytest.approx(judged_here["loss"], abs=1e-5)


def test_the_benchmark_checks_answers_and_prints_no_times(capsys):
    assert run(["bench", "--backend", "cuda", "--only", "dense"]) == 0
    told = capsys.readouterr()
    assert "simulated: answers checked, no times" in told.err and "Left out: whole networks" in told.err
    assert " ms" not in told.out + told.err
    answer = said(capsys, "bench", "--backend", "cuda", "--only", "dense")
    assert answer["simulated"] and answer["checked"] == ["dense", "dense, gradient by weights"]


def test_every_case_of_the_benchmark_is_right(on_cuda):
    assert len(list(checked())) == 25


def test_the_simulator_is_told_by_the_doctor(capsys):
    assert "simulator" in said(capsys, "doctor", "--backend", "cuda")["cuda"]
