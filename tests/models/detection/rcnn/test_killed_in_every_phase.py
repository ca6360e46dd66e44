"""A training of R-CNN that is killed in each of its phases in turn ends as one that nothing disturbed."""

import json
import os
import signal
import subprocess
import sys

import pytest

from cnnkit.cli import main

# argv: the run's folder, "new" or "on", the phase and the piece of it at which the process kills itself.
KILLED = """
import os, signal, sys
from cnnkit.engine.fit import fit, resume
from cnnkit.engine.records.events import PhaseStep, StepEnd
from cnnkit.engine.records.options import FitOptions

folder, how, phase, piece = sys.argv[1:]
options = FitOptions(data="shapes", task="detection", model="rcnn_lenet5", image_size=(64, 64), overfit=8, epochs=3,
                     batch_size=4, lr=0.003, optimiser="adam", output=folder, threads=1)
for event in fit(options) if how == "new" else resume(folder):
    step = ("step", event.step) if isinstance(event, StepEnd) else None
    if isinstance(event, PhaseStep):
        step = event.phase.partition(":")[0], event.done
    if step == (phase, int(piece)):
        os.kill(os.getpid(), signal.SIGKILL)
"""
PHASES = [
    ("selective search", 5),
    ("step", 3),
    ("features of proposals", 6),
    ("support vector machine", 2),
    ("box regression", 1),
]


def trained(folder, how, phase="none", piece=0):
    environment = {**os.environ, "CNNKIT_CHECKPOINT_SECONDS": "0"}
    command = [sys.executable, "-c", KILLED, str(folder), how, phase, str(piece)]
    return subprocess.run(command, env=environment, check=False).returncode


@pytest.mark.slow
def test_it_ends_with_the_same_weights(tmp_path, capsys):
    smooth, killed = tmp_path / "smooth", tmp_path / "killed"
    assert trained(smooth, "new") == 0
    for number, (phase, piece) in enumerate(PHASES):
        assert trained(killed, "on" if number else "new", phase, piece) == -signal.SIGKILL, phase
    left = {path.name.split(".")[0].rstrip("-0123456789") for path in (killed / "state").glob("*.safetensors")}
    assert left == {"proposals", "step", "piece-features", "piece-machine", "piece-regression"}
    assert main.run(["train", "--resume", str(killed), "--quiet"]) in (0, 4)
    for weights in ("best", "last"):
        one, other = (run / "weights" / f"{weights}.safetensors" for run in (smooth, killed))
        assert one.read_bytes() == other.read_bytes(), weights
    results = [json.loads((run / "result.json").read_text()) for run in (smooth, killed)]
    assert results[0]["map50"] == results[1]["map50"]
    assert not [*(killed / "state").glob("piece-*"), *(killed / "state").glob("proposals*")]
    capsys.readouterr()
    assert main.run(["evaluate", str(killed), "--split", "train", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["map50"] == results[0]["map50"]
