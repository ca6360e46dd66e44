"""A run keeps the precision it began with."""

import numpy as np
import pytest

import cnnkit
from cnnkit import config, kernels, nn
from cnnkit.engine import fit as training
from cnnkit.engine.records.events import EpochEnd
from cnnkit.engine.records.options import FitOptions
from cnnkit.engine.session.computing import computing
from cnnkit.engine.use.load import load
from cnnkit.errors import CheckpointError, UsageError
from cnnkit.serialize import safe


class Wide(nn.Module):
    """Enough channels for Winograd."""

    def __init__(self):
        rng = np.random.default_rng(3)
        self.first = nn.Conv2d(1, 16, 3, padding=1, activation="relu", rng=rng)
        self.second = nn.Conv2d(16, 16, 3, padding=1, activation="relu", rng=rng)
        self.pool = nn.GlobalAvgPool2d()
        self.dense = nn.Linear(16, 3, rng=rng)

    def forward(self, x):
        return self.dense(self.pool(self.second(self.first(x))))


def weights(folder):
    arrays, _ = safe.load(folder / "weights" / "best.safetensors")
    return b"".join(arrays[name].tobytes() for name in sorted(arrays))


@pytest.fixture
def begin(tiny):
    def call(folder, **more):
        return training.fit(tiny.options(folder, keep="last", **more), module=Wide(), data=tiny.data())

    return call


@pytest.fixture
def go_on(tiny):
    return lambda folder, **changes: list(training.resume(folder, changes, module=Wide(), data=tiny.data()))


def test_a_resumed_run_keeps_its_precision(begin, go_on, tmp_path, monkeypatch):
    list(begin(tmp_path / "fast"))
    list(begin(tmp_path / "exact", precision="exact"))
    assert weights(tmp_path / "fast") != weights(tmp_path / "exact")
    events = begin(tmp_path / "stopped", precision="exact")
    next(e for e in events if isinstance(e, EpochEnd))
    events.close()
    assert FitOptions.read(tmp_path / "stopped" / "config.toml").precision == "exact"
    go_on(tmp_path / "stopped")
    assert weights(tmp_path / "stopped") == weights(tmp_path / "exact")
    assert kernels.precision() == "fast"


def test_what_is_chosen_around_a_run_is_its_own(begin, go_on, tmp_path, monkeypatch):
    monkeypatch.setenv("CNNKIT_PRECISION", "exact")
    config.default_precision.cache_clear()
    events = begin(tmp_path / "run")
    next(e for e in events if isinstance(e, EpochEnd))
    events.close()
    monkeypatch.delenv("CNNKIT_PRECISION")
    config.default_precision.cache_clear()
    go_on(tmp_path / "run", precision="exact")
    list(begin(tmp_path / "exact", precision="exact"))
    assert weights(tmp_path / "run") == weights(tmp_path / "exact")


def test_a_run_that_began_fast_stays_fast_whatever_is_chosen_around_its_end(begin, go_on, tmp_path):
    list(begin(tmp_path / "fast"))
    events = begin(tmp_path / "run")
    next(e for e in events if isinstance(e, EpochEnd))
    events.close()
    with kernels.use(precision="exact"):
        go_on(tmp_path / "run")
    assert weights(tmp_path / "run") == weights(tmp_path / "fast")


def test_a_run_goes_on_with_no_other_precision(begin, go_on, tmp_path):
    list(begin(tmp_path / "run"))
    with pytest.raises(UsageError, match=r"precision cannot change when a run is resumed. The run has 'fast'"):
        go_on(tmp_path / "run", precision="exact")


def test_a_run_of_before_had_no_choice():
    assert FitOptions.from_toml("epochs = 3\n").precision == "fast"
    assert "precision" not in FitOptions(epochs=3).command()
    assert "--precision exact" in FitOptions(precision="exact").command()


def test_a_network_trained_exactly_is_judged_exactly(begin, tiny, tmp_path, monkeypatch):
    list(begin(tmp_path / "exact", precision="exact"))
    used, forward = [], Wide.forward
    monkeypatch.setattr(Wide, "forward", lambda self, x: used.append(kernels.precision()) or forward(self, x))
    cnnkit.evaluate(tmp_path / "exact", tiny.data(), module=Wide())
    assert set(used) == {"exact"} and kernels.precision() == "fast"


def test_a_record_of_an_unknown_precision_is_refused(begin, tmp_path):
    list(begin(tmp_path / "run"))
    arrays, record = safe.load(tmp_path / "run" / "weights" / "best.safetensors")
    safe.save(tmp_path / "odd.safetensors", arrays, record | {"precision": "bold"})
    with pytest.raises(CheckpointError, match="precision is 'bold', expected fast or exact"):
        load(tmp_path / "odd.safetensors", module=Wide())


def test_a_run_in_tf32_needs_cuda_to_begin_but_not_to_go_on(begin, tiny, tmp_path):
    with pytest.raises(UsageError, match="Precision tf32 rounds"):
        list(begin(tmp_path / "run", precision="tf32"))
    assert not (tmp_path / "run").exists()
    with computing(FitOptions(precision="tf32", backend="cpu")):
        assert kernels.precision() == "fast"


def test_a_network_trained_in_tf32_is_judged_in_float32(begin, tmp_path):
    list(begin(tmp_path / "run"))
    arrays, record = safe.load(tmp_path / "run" / "weights" / "best.safetensors")
    safe.save(tmp_path / "tf32.safetensors", arrays, record | {"precision": "tf32"})
    assert load(tmp_path / "tf32.safetensors", module=Wide()).precision is None
