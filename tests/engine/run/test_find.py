"""Without a name, the newest run that can be loaded is meant; which newer ones were passed over is told."""

import json
import shutil
from datetime import UTC, datetime, timedelta

import pytest

from cnnkit.cli import main
from cnnkit.engine.run.find import newest_run
from cnnkit.engine.run.folder import Run
from cnnkit.engine.use.load import load
from cnnkit.engine.use.shipped import SHIPPED


@pytest.fixture
def runs(tmp_path, monkeypatch):
    """`runs(name, age)` makes a run of the digits network, begun so many hours ago."""
    monkeypatch.chdir(tmp_path)

    def make(name, age):
        run = Run(tmp_path / "runs" / "classification" / name)
        run.best.parent.mkdir(parents=True)
        shutil.copy(SHIPPED, run.best)
        started = (datetime.now(UTC) - timedelta(hours=age)).isoformat()
        run.manifest.write_text(json.dumps({"started": started}))
        return run

    return make


def test_the_newest_is_taken_and_nothing_said(runs):
    runs("old", 2), runs("new", 1)
    network = load()
    assert network.source == "runs/classification/new (the newest run)" and network.notes == ()


def test_a_run_of_a_module_of_ones_own_is_passed_over(runs, tiny):
    runs("old", 2)
    list(tiny.fit(runs("other", 5).path.with_name("own")))
    network = load()
    assert network.source == "runs/classification/old (the newest run that can be loaded)"
    assert network.notes == ("Passed over: runs/classification/own, whose network is a module of one's own.",)
    assert load("runs/classification/own", module=tiny.Tiny()).name == "tiny"
    assert load(module=tiny.Tiny()).source == "runs/classification/own (the newest run)"


def test_damaged_weights_and_odd_times_are_passed_over(runs):
    runs("old", 5)
    damaged, waiting, future, never = runs("damaged", 2), runs("waiting", 1), runs("future", -100), runs("never", 0)
    damaged.best.write_bytes(damaged.best.read_bytes()[:-7])
    waiting.best.unlink()
    never.manifest.write_text('{"started": "zzz"}')
    network = load()
    assert network.source == "runs/classification/old (the newest run that can be loaded)"
    said = " ".join(network.notes)
    for run, why in ((damaged, "is damaged"), (waiting, "no weights yet"), (future, "future"), (never, "does not say")):
        assert run.path.name in said and why in said


def test_where_none_can_be_loaded_the_digits_are_taken(runs):
    runs("only", 1).best.write_bytes(b"")
    network = load()
    assert network.source == "the digits network in the package" and "only" in network.notes[0]


def test_the_command_line_says_it(runs, tiny, capsys):
    runs("old", 2)
    list(tiny.fit(runs("x", 9).path.with_name("own")))
    main.run(["predict", "no-such-picture.png"])
    told = capsys.readouterr().err
    assert "Passed over: runs/classification/own" in told and "from runs/classification/old" in told


def test_the_newest_run_has_the_latest_start_in_its_manifest(tmp_path):
    for name, text in (("a", '{"started": "2026-01-02"}'), ("b", '{"started": "2026-01-01"}'), ("c", "{"), ("d", "[]")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "manifest.json").write_text(text)
    assert newest_run(tmp_path) == tmp_path / "a"
    assert newest_run(tmp_path / "missing") is None
