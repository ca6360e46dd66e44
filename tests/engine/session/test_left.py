"""A device that has no room any more, or is gone, in the middle of a training: the last state stays, and goes on."""

import pytest
from elsewhere import elsewhere, package

from cnnkit.engine.records.events import Finished
from cnnkit.engine.run.folder import Run
from cnnkit.errors import DeviceError, DeviceMemoryError
from cnnkit.kernels.shared import devices

GONE = DeviceError("The CUDA device does not answer any more.")
FULL = DeviceMemoryError("No room for 2 MB more.", "Smaller.", wanted=2_000_000, used=1_000_000, free=500_000)


def failing(monkeypatch, error, update):
    """From that update of the weights on."""
    done = [0]

    def sgd(*args, **options):
        done[0] += 1
        if done[0] >= update:
            raise error
        return type(package).__getattr__(package, "sgd")(*args, **options)

    monkeypatch.setattr(package, "sgd", sgd, raising=False)


def bytes_of(folder):
    return (folder / "weights" / "best.safetensors").read_bytes()


@pytest.mark.parametrize("error", [GONE, FULL])
def test_the_last_state_is_named_and_goes_on_to_the_same_end(tiny, tmp_path, monkeypatch, error):
    with elsewhere():
        list(tiny.fit(tmp_path / "whole"))
        # The first is the rehearsal's; an epoch has four steps.
        failing(monkeypatch, error, 8)
        with pytest.raises(type(error)) as caught:
            list(tiny.fit(tmp_path / "cut"))
        assert "The last good state is kept: " in str(caught.value) and "resume_from=" in str(caught.value)
        assert caught.value.exit_code == error.exit_code
        monkeypatch.undo()
        assert isinstance(list(tiny.resume(tmp_path / "cut"))[-1], Finished)
    assert bytes_of(tmp_path / "cut") == bytes_of(tmp_path / "whole")


def test_the_batch_that_fits_is_told(tiny, tmp_path, monkeypatch):
    with elsewhere():
        failing(monkeypatch, FULL, 7)
        with pytest.raises(DeviceMemoryError, match=r"No room for 2 MB more. For a new run: --batch-size \d+ may fit"):
            list(tiny.fit(tmp_path / "run"))


def test_a_run_in_which_nothing_was_trained_is_not_left_behind(tiny, tmp_path, monkeypatch):
    with elsewhere():
        failing(monkeypatch, GONE, 1)
        with pytest.raises(DeviceError, match=r"any more\.$"):
            list(tiny.fit(tmp_path / "run"))
    assert not Run(tmp_path / "run").path.exists()


def test_a_run_whose_device_is_not_here_is_told_and_goes_on_without(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(devices, "refusal", lambda name: f"There is no device {name}.")
    list(tiny.fit(tmp_path / "run", epochs=1))
    before = bytes_of(tmp_path / "run")
    with pytest.raises(DeviceError, match=r"There is no device cuda:1\."):
        list(tiny.resume(tmp_path / "run", epochs=2, backend="cuda:1"))
    assert bytes_of(tmp_path / "run") == before
    assert isinstance(list(tiny.resume(tmp_path / "run", epochs=2, backend="cpu"))[-1], Finished)
