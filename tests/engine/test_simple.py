"""`cnnkit.fit`: training in one call."""

import os
import signal

import numpy as np
import pytest

import cnnkit
from cnnkit.engine.events import StepEnd
from cnnkit.errors import UsageError


def test_a_module_of_ones_own_is_trained_in_place_and_gets_its_best_weights(tiny, tmp_path):
    module, before = tiny.Tiny(), tiny.Tiny().state_dict()
    result = cnnkit.fit(module, data=tiny.data(), epochs=2, batch_size=16, output=str(tmp_path / "run"))
    saved = cnnkit.load(result.run, module=tiny.Tiny()).module.state_dict()
    for name, array in module.state_dict().items():
        np.testing.assert_array_equal(array, saved[name])
    assert np.any(module.state_dict()["dense.weight"] != before["dense.weight"])


def test_opened_data_and_a_name_are_enough(tiny, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="too small for lenet5"):
        cnnkit.fit(tiny.data(), model="lenet5", epochs=1)


def test_a_run_goes_on(tiny, tmp_path):
    cnnkit.fit(tiny.Tiny(), data=tiny.data(), epochs=1, batch_size=16, output=str(tmp_path / "run"))
    result = cnnkit.fit(tiny.Tiny(), data=tiny.data(), resume_from=tmp_path / "run", epochs=2)
    assert result.epochs == 2


def test_wrong_options_are_named(tiny):
    with pytest.raises(UsageError, match="Did you mean 'epochs'"):
        cnnkit.fit("digits", epoch=1)
    with pytest.raises(UsageError, match="given twice"):
        cnnkit.fit("digits", data="digits")


@pytest.mark.parametrize(("number", "error"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, SystemExit)])
def test_a_signal_saves_and_is_raised_as_python_expects(tiny, tmp_path, number, error):
    def stop(event):
        if isinstance(event, StepEnd) and event.step == 3:
            os.kill(os.getpid(), number)

    with pytest.raises(error):
        cnnkit.fit(tiny.Tiny(), data=tiny.data(), epochs=2, batch_size=16, output=str(tmp_path / "run"), on_event=stop)
    assert [path.name for path in (tmp_path / "run/state").iterdir()] == ["step-00000003.safetensors"]
