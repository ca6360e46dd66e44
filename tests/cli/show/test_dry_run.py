"""`cnnkit train --dry-run` as people and scripts see it."""

import pytest

from cnnkit.engine.ahead import forecast as forecasts
from cnnkit.engine.time.pace import Pace


@pytest.fixture
def known_pace(monkeypatch):
    monkeypatch.setattr(forecasts, "measure", lambda *_, **__: Pace(step=0.05, val=2.0, test=3.0))


def test_the_forecast_is_shown_and_nothing_is_written(cnnkit, known_pace, empty_folder):
    ended = cnnkit("train", "--dry-run", "--epochs", "2", "--threads", "1")
    assert ended.code == 0 and not list(empty_folder.iterdir()) and "schedule_from" not in ended.out
    for part in ("282 steps in 2 epochs of 141", "9.1 s an epoch", "0.05 s a step", "digitnet-digits-1", "epochs = 2"):
        assert part in ended.out
    assert "Nothing was written" in ended.err
    assert ended.err.splitlines()[-1].startswith("  cnnkit train --model digitnet --epochs 2")


def test_json_stands_alone(cnnkit, known_pace, empty_folder):
    ended = cnnkit("train", "--dry-run", "--json", "--steps", "10")
    assert ended.json["steps"] == 10 and ended.json["options"]["model"] == "digitnet"


def test_a_run_that_goes_on_is_not_looked_at(cnnkit):
    ended = cnnkit("train", "--resume", "runs/x", "--dry-run")
    assert ended.code == 2 and "--dry-run is for a new run" in ended.err
