"""A run of version 0.2.0, stopped in its second epoch: tests/golden/run_0_2_0, the tiny training of tests/engine."""

import shutil
from pathlib import Path

import cnnkit
from cnnkit.engine.run import checkpoint
from cnnkit.engine.run.folder import Run
from cnnkit.serialize import safe

KEPT = Path(__file__).parents[2] / "golden" / "run_0_2_0"


def test_its_state_is_read_and_the_run_goes_on(tiny, tmp_path):
    shutil.copytree(KEPT, tmp_path / "run")
    found, notes = checkpoint.newest(Run(tmp_path / "run"))
    assert not notes and (found.progress.step, found.options.task) == (6, None)
    assert found.progress.running == {"accuracy": safe.read_record(found.path)["progress"]["correct"]}
    first = found.progress.history[0]
    result = list(tiny.resume(tmp_path / "run"))[-1].result
    assert (result.steps, result.epochs, result.task) == (12, 3, "classification")
    assert result.history[0].to_row() == first and result.history[0].val_top1 == first["val_top1"]


def test_a_state_of_today_says_what_it_said(tiny, tmp_path):
    list(tiny.fit(tmp_path / "run"))
    (newest, _) = checkpoint.generations(Run(tmp_path / "run"))
    (theirs,) = checkpoint.generations(Run(KEPT))
    ours, old = safe.read_record(newest), safe.read_record(theirs)
    assert old["progress"].keys() <= ours["progress"].keys()
    assert old["progress"]["best"].keys() == ours["progress"]["best"].keys()
    assert old["progress"]["history"][0].keys() == ours["progress"]["history"][0].keys()
    assert old["about"].keys() <= ours["about"].keys()


def test_its_weights_are_read(tiny):
    record = cnnkit.load(KEPT, module=tiny.Tiny()).record
    assert (record["task"], record["top1"]) == ("classification", None) and 0 <= record["val_top1"] <= 1
