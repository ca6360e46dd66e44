"""A training whose steps are made again without Python has the files of one whose steps are computed."""

import numpy as np
import pytest

from cnnkit import nn
from cnnkit.engine.fit import fit, resume
from cnnkit.engine.records.events import StepEnd
from cnnkit.graph import learning
from cnnkit.kernels.cpu.machine.again.roundtrip import Roundtrip


def network():
    rng = np.random.default_rng(7)
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1, bias=False, rng=rng),
        nn.BatchNorm2d(4, activation="relu"),
        nn.MaxPool2d(2),
        nn.Conv2d(4, 6, 3, activation="leaky_relu", rng=rng),
        nn.Flatten(),
        nn.Linear(24, 3, rng=rng),
    )


@pytest.fixture
def trips(monkeypatch):
    """How many have been made."""
    begin, made = Roundtrip.begin, []

    def counted(self, x):
        made.append(len(x))
        return begin(self, x)

    monkeypatch.setattr(Roundtrip, "begin", counted)
    return made


def files(folder):
    """All that a training leaves but times: weights, and the state that it would go on from."""
    found = {path.name: path.read_bytes() for path in sorted(folder.glob("weights/*.safetensors"))}
    rows = (folder / "results.csv").read_text().splitlines()
    names = rows[0].split(",")
    kept = [n for n, name in enumerate(names) if "second" not in name]
    return found, [[row.split(",")[n] for n in kept] for row in rows]


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"clip": 0.5, "ema": 0.9, "mixup": 0.2, "cutmix": 1.0}, id="clipped, averaged and mixed"),
        pytest.param(
            {"lookahead": 3, "ema": 0.0, "optimiser": "adamw", "lr": 0.01}, id="looking ahead", marks=pytest.mark.slow
        ),
        pytest.param(
            {"ema": 0.0, "label_smoothing": 0.1, "class_weights": "balanced", "precision": "exact"},
            id="exact",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_it_has_the_same_files_also_when_it_was_stopped(tiny, tmp_path, monkeypatch, trips, changes):
    def run(folder):
        return fit(tiny.options(folder, batch_size=8, epochs=2, **changes), module=network(), data=tiny.data())

    list(run(tmp_path / "again"))
    assert len(trips) > 4 and set(trips) == {8}  # not the last of an epoch, of 7
    events = run(tmp_path / "stopped")
    while not isinstance(event := next(events), StepEnd) or event.step < 11:
        pass
    events.close()
    list(resume(tmp_path / "stopped", module=network(), data=tiny.data()))
    monkeypatch.setattr(learning, "MOST", 0)
    del trips[:]
    list(run(tmp_path / "computed"))
    assert not trips
    assert files(tmp_path / "again") == files(tmp_path / "stopped") == files(tmp_path / "computed")
