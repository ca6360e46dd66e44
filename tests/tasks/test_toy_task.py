"""A task of one file and one row does all that classification does, by command and from Python."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tasks.ink import InkTask

import cnnkit
from cnnkit.cli import main
from cnnkit.data.sets.digits import PICTURE
from cnnkit.engine.records.events import EpochEnd, Finished
from cnnkit.engine.run.find import open_run
from cnnkit.errors import CheckpointError, UsageError
from cnnkit.tasks import registry

OPTIONS = {"task": "ink", "model": "lenet5", "epochs": 4, "batch_size": 16, "lr": 0.02, "augment": "none"}


@pytest.fixture(scope="module")
def smooth(few, tmp_path_factory):
    """The result of a training that nothing disturbed."""
    return cnnkit.fit(few, **OPTIONS, output=str(tmp_path_factory.mktemp("ink") / "run"))


@pytest.fixture
def command(capsys):
    def call(*words: object) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main.run([str(word) for word in words])
        return (code, *capsys.readouterr())

    return call


def test_the_task_is_short():
    lines = (Path(__file__).with_name("ink.py")).read_text().splitlines()
    assert len(lines) <= 80


def test_it_trains_and_the_epoch_with_the_smallest_error_is_the_best(smooth):
    errors = [row.val_mae for row in smooth.history]
    assert smooth.best_epoch == 1 + errors.index(min(errors)) and smooth.val_mae == min(errors)
    assert smooth.mae < smooth.history[0].val_mae and smooth.history[-1].train_off < smooth.history[0].train_off
    assert smooth.task == "ink" and "top1" not in smooth.to_json()


def test_every_file_of_the_run_has_its_columns(smooth):
    run = open_run(smooth.run)
    with run.results.open() as file:
        columns = next(csv.reader(file))
    assert {"train_off", "val_mae"} <= set(columns) and not {"train_accuracy", "val_top1"} & set(columns)
    assert json.loads(run.result.read_text())["mae"] == smooth.mae
    assert 'task = "ink"' in run.config.read_text() and run.read_manifest()["task"] == "ink"
    steps = [json.loads(line) for line in run.events.read_text().splitlines() if '"StepEnd"' in line]
    assert all("off" in step and "accuracy" not in step for step in steps)
    assert cnnkit.load(smooth).record["mae"] == smooth.mae


def test_it_stops_early(few, tmp_path):
    # A rate of nothing: no epoch is better than the first.
    still = {**OPTIONS, "epochs": 9, "patience": 2, "lr": 1e-12}
    result = cnnkit.fit(few, **still, output=str(tmp_path / "run"))
    assert result.stopped_early and (result.epochs, result.best_epoch) == (3, 1)


@pytest.mark.slow
def test_a_killed_run_goes_on_with_equal_bits(few, smooth, tmp_path):
    """Killed in its third epoch, a state having been saved after every step."""
    script = (
        "import os, signal, sys, tasks.ink\n"
        "from cnnkit.engine.fit import fit\n"
        "from cnnkit.engine.records.options import FitOptions\n"
        "from cnnkit.engine.records.events import StepEnd\n"
        f"options = FitOptions.from_values({ {'data': few, **OPTIONS, 'output': str(tmp_path / 'run')}!r})\n"
        "for event in fit(options):\n"
        "    if isinstance(event, StepEnd) and event.step == 12:\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    path = os.pathsep.join([str(Path(__file__).parents[1]), *sys.path])
    environment = {**os.environ, "PYTHONPATH": path, "CNNKIT_CHECKPOINT_SECONDS": "0"}
    killed = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, timeout=120)
    assert killed.returncode == -9, killed.stderr.decode()
    resumed = cnnkit.fit(resume_from=tmp_path / "run")
    assert (resumed.mae, resumed.best_epoch) == (smooth.mae, smooth.best_epoch)
    ours, theirs = cnnkit.load(resumed), cnnkit.load(smooth)
    for name, array in theirs.module.state_dict().items():
        assert ours.module.state_dict()[name].tobytes() == array.tobytes(), name
    assert [row.val_mae for row in resumed.history] == [row.val_mae for row in smooth.history]


def test_it_is_evaluated_and_predicts_from_python(few, smooth):
    judged = cnnkit.evaluate(smooth)
    assert (judged.mae, judged.loss, judged.n, judged.task) == (smooth.mae, smooth.test_loss, 15, "ink")
    with np.load(few) as held:
        answers = list(cnnkit.load(smooth).predict_many(held["x_test"]))
        truth = held["x_test"].mean(axis=(1, 2)) / 25.5
    # Means of 15 float32 numbers of size 1, summed in another order.
    assert np.abs([answer.ink for answer in answers] - truth).mean() == pytest.approx(smooth.mae, rel=1e-5)


def test_the_commands_train_and_show_its_numbers(few, tmp_path, command):
    run = tmp_path / "run"
    words = [word for name, value in OPTIONS.items() for word in (f"--{name.replace('_', '-')}", value)]
    code, out, err = command("train", "--data", few, *words, "--output", run)
    assert code == 0 and "test mean error" in out and "val mean error" in err and "accuracy" not in out + err
    assert command("train", "--resume", run, "--epochs", 5, "--quiet")[0] == 0
    code, out, _ = command("evaluate", run, "--json")
    assert code == 0 and json.loads(out)["task"] == "ink" and "mae" in json.loads(out)
    code, out, _ = command("evaluate", run)
    assert code == 0 and "mean error" in out and "top-1" not in out
    table = tmp_path / "answers.csv"
    code, out, _ = command("predict", PICTURE, "--model", run, "--csv", table)
    assert code == 0 and "ink" in out and table.read_text().splitlines()[0] == "path,ink,error"
    code, out, _ = command("predict", PICTURE, "--model", run, "--json")
    assert code == 0 and json.loads(out)["ink"] == pytest.approx(float(table.read_text().splitlines()[1].split(",")[1]))


def test_a_threshold_of_a_low_metric_is_missed_from_above(smooth, command):
    assert command("evaluate", smooth.run, "--min", "mae=99")[0] == 0
    code, _, err = command("evaluate", smooth.run, "--min", "mae=0.0001")
    assert code == 4 and f"mean error is {smooth.mae:.4f}, above --min mae=0.0001." in err
    code, _, err = command("evaluate", smooth.run, "--min-top1", "0.5")
    assert code == 2 and "There is no metric 'top1'. Known: mae." in err


def test_what_only_another_task_can_do_is_refused(few, smooth, tmp_path, command):
    for name, value in (("label_smoothing", 0.1), ("mixup", 0.2), ("class_weights", "balanced")):
        with pytest.raises(UsageError, match=f"--{name.replace('_', '-')} is not for the task ink"):
            cnnkit.fit(few, **OPTIONS, **{name: value}, output=str(tmp_path / "none"))
    code, _, err = command("evaluate", smooth.run, "--top-losses", "3")
    assert code == 2 and "The task ink names no images with the highest loss" in err
    with pytest.raises(UsageError, match="gives no scores of classes"):
        cnnkit.load(smooth).predict_proba(np.zeros((1, 28, 28), np.uint8))


def test_a_run_of_a_task_that_is_not_known_here_says_so(smooth, monkeypatch):
    monkeypatch.delitem(registry._kinds, "ink")
    with pytest.raises(CheckpointError, match="There is no task 'ink'"):
        cnnkit.load(smooth)


def test_two_tasks_of_one_name_are_refused():
    class Other(InkTask):
        name = "ink"

    with pytest.raises(UsageError, match="There are two tasks named 'ink'"):
        registry.register(Other)


def test_the_last_epoch_is_told_as_an_event(few, tmp_path):
    told = []
    cnnkit.fit(few, **{**OPTIONS, "epochs": 1}, output=str(tmp_path / "run"), on_event=told.append)
    assert isinstance(told[-1], Finished) and any(isinstance(event, EpochEnd) for event in told)
