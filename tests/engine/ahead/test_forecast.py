"""What a training would take, told before it is begun."""

import pytest

from cnnkit.config import available_memory
from cnnkit.engine.ahead import forecast as forecasts
from cnnkit.engine.ahead.forecast import Forecasted, look_ahead
from cnnkit.engine.time.pace import Pace
from cnnkit.errors import ResourceError, UsageError


@pytest.fixture
def ahead(tiny, tmp_path):
    def run(**changes):
        options = tiny.options(tmp_path / "run", **changes)
        last = list(look_ahead(options, module=tiny.Tiny(), data=tiny.data()))[-1]
        assert isinstance(last, Forecasted)
        return last.forecast

    return run


def test_it_tells_what_there_is_and_writes_nothing(ahead, tiny, tmp_path):
    found = ahead()
    assert (found.model, found.classes, found.image_size) == ("tiny", 3, (8, 8))
    assert (found.train_images, found.val_images, found.test_images) == (63, 15, 30)
    assert (found.epochs, found.steps, found.epoch_steps) == (3, 12, 4)
    assert found.options["schedule"] == "one-cycle" and found.command.startswith("cnnkit train --model tiny --epochs 3")
    assert 0 < found.memory_bytes < (available_memory() or 2**60)
    assert found.folder == str(tmp_path / "run") and found.disk_bytes > 4 * found.parameters
    assert not list(tmp_path.iterdir())


def test_the_total_is_the_sum_of_what_was_timed(ahead, monkeypatch):
    monkeypatch.setattr(forecasts, "measure", lambda *_, **__: Pace(step=300.0, val=100.0, test=50.0))
    found = ahead()
    assert found.total == pytest.approx(12 * 300 + 3 * 100 + 50 + found.ready)
    assert found.epoch == 4 * 300 + 100
    timed = ahead(epochs=None, time=3500.0)
    assert timed.steps == 10 and timed.options["steps"] == 10 and "time" not in timed.options
    with pytest.raises(UsageError, match="too short for one step"):
        ahead(epochs=None, time=100.0)


def test_what_a_training_refuses_is_refused(ahead, tmp_path, monkeypatch):
    with pytest.raises(UsageError, match="Did you mean 'sgd'"):
        ahead(optimiser="sdg")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "mine").write_text("")
    with pytest.raises(UsageError, match="exists and is not empty"):
        ahead()
    (tmp_path / "run" / "mine").unlink()
    monkeypatch.setattr("cnnkit.kernels.cpu.machine.home.available_memory", lambda: 60_000)
    with pytest.raises(ResourceError, match="would fit"):
        ahead(batch_size=64)
