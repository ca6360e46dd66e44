"""The cases of the suite `start`; they run whole commands, so here only what is around them does."""

import json
import os
import sys

import pytest
from PIL import Image

from cnnkit.bench.rivals.known import FAIR_ENVIRONMENT
from cnnkit.bench.start import measures
from cnnkit.bench.start.measures import _refuse_another_answer, drawn, environment_of, first
from cnnkit.bench.start.processes import Ended
from cnnkit.errors import CheckFailed


def test_titles_are_known_before_anything_runs():
    titles = [title for title, _ in measures(1)]
    assert titles[0] == "cnnkit --help" and len(set(titles)) == len(titles)
    assert "cnnkit predict by resnet18, filled kernel cache" in titles
    assert titles[-2:] == ["cnnkit predict, empty kernel cache", "cnnkit train, empty kernel cache"]


def test_no_side_has_variables_that_help_it_alone(tmp_path, monkeypatch):
    for name in FAIR_ENVIRONMENT:
        monkeypatch.setenv(name, "1")
    found = environment_of(tmp_path)
    assert not set(FAIR_ENVIRONMENT) & set(found) and found["CNNKIT_CACHE"].startswith(str(tmp_path))


def test_a_first_command_finds_no_kernel(tmp_path):
    line = [sys.executable, "-c", "import os; print(os.path.exists(os.environ['CNNKIT_CACHE']))"]
    assert [first(line, tmp_path, os.environ).out.strip() for _ in range(2)] == ["False", "False"]


def test_another_answer_is_refused():
    def answer(index: int, score: float) -> Ended:
        return Ended(1.0, None, json.dumps({"index": index, "score": score}))

    _refuse_another_answer(answer(3, 0.7), answer(3, 0.7001))
    for other in (answer(4, 0.7), answer(3, 0.72), answer(3, float("nan"))):
        with pytest.raises(CheckFailed, match="not the same work"):
            _refuse_another_answer(answer(3, 0.7), other)


def test_a_picture_has_the_size_and_the_channels_of_the_network(tmp_path):
    for side, channels, mode in ((28, 1, "L"), (224, 3, "RGB")):
        with Image.open(drawn(tmp_path, side, channels)) as picture:
            assert (picture.size, picture.mode) == ((side, side), mode)
