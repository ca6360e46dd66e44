"""Who runs where: `kernels.of` and `kernels.use`."""

import subprocess
import sys

import numpy as np
import pytest
from elsewhere import elsewhere

from cnnkit import config, kernels
from cnnkit.errors import DeviceError, UsageError
from cnnkit.kernels import cpu, reference
from cnnkit.kernels.cpu.machine import threads

SINGLE, DOUBLE = np.zeros(1, np.float32), np.zeros(1)


def test_the_array_decides():
    assert kernels.of(SINGLE) is cpu
    assert kernels.of(SINGLE, DOUBLE) is reference


def test_what_is_no_array_has_no_say():
    assert kernels.of(None, SINGLE, 2.0) is cpu


def test_an_array_of_a_device_is_computed_there():
    with elsewhere() as device:
        assert kernels.home() is device
        assert kernels.backend() == "elsewhere"
        assert kernels.of(device.put(SINGLE), None, 2.0) is device


def test_arrays_of_this_machine_stay_here_where_new_ones_go_to_a_device():
    with elsewhere():
        assert kernels.of(SINGLE) is cpu
        assert kernels.of(SINGLE, DOUBLE) is reference


def test_arrays_of_two_homes_are_refused():
    with (
        elsewhere() as device,
        pytest.raises(DeviceError, match=r"two homes: ndarray and Remote\. Bring them together"),
    ):
        kernels.of(SINGLE, device.put(SINGLE))


def test_new_arrays_go_to_the_chosen_package():
    assert kernels.home() is cpu
    with kernels.use(backend="reference"):
        assert kernels.home() is reference


def test_reference_can_be_chosen_for_a_while():
    with kernels.use(backend="reference"):
        assert kernels.of(SINGLE) is reference
        with kernels.use(backend="auto"):
            assert kernels.backend() == "cpu"
    assert kernels.of(SINGLE) is cpu


def test_a_choice_ends_with_an_exception():
    with pytest.raises(RuntimeError), kernels.use(backend="reference", threads=1):
        raise RuntimeError
    assert kernels.backend() == "cpu"


class Devices:
    """A package in the place of CUDA's, with two devices, of which the third fails to begin."""

    def __init__(self):
        self.chosen = []

    def choose_device(self, index):
        self.chosen.append(index)
        if index == 2:
            raise DeviceError("it does not begin")

    def description(self):
        return f"device {self.chosen[-1]}"


@pytest.fixture
def devices_of_cuda(monkeypatch):
    package = Devices()
    monkeypatch.setattr(kernels.devices, "refusal", lambda name: "")
    monkeypatch.setitem(kernels.homes.NAMED, "cuda", package)
    monkeypatch.setitem(sys.modules, "cnnkit.kernels.cuda", package)
    monkeypatch.setattr(kernels, "_device", None)
    return package


def test_the_device_of_the_outer_choice_comes_back(devices_of_cuda):
    with kernels.use(backend="cuda"):
        with kernels.use(backend="cuda:1"):
            assert kernels.cuda_device() == "device 1"
        assert kernels.cuda_device() == "device 0"
        with pytest.raises(RuntimeError), kernels.use(backend="cuda:1"):
            raise RuntimeError
        assert kernels.cuda_device() == "device 0"
        with kernels.use(backend="cpu"), kernels.use(backend="cuda:1"):
            pass
        assert kernels.cuda_device() == "device 0" and kernels.backend() == "cuda"


def test_a_device_that_does_not_begin_changes_no_choice(devices_of_cuda):
    with kernels.use(backend="cuda:1"):
        with pytest.raises(DeviceError, match="does not begin"):
            kernels.use(backend="cuda:2").__enter__()
        assert kernels.cuda_device() == "device 1" and kernels.backend() == "cuda"


def test_what_no_other_choice_stood_before_keeps_its_device_for_arrays_that_lie_there(devices_of_cuda):
    with kernels.use(backend="cuda:1"):
        pass
    assert kernels.cuda_device() == "device 1" and kernels.backend() == "cpu"


def test_threads_hold_until_the_block_ends():
    before = threads.get_threads()
    with kernels.use(threads=1):
        assert threads.get_threads() == 1
    assert threads.get_threads() == before


def test_the_environment_is_the_default(monkeypatch):
    monkeypatch.setenv("CNNKIT_BACKEND", "reference")
    config.default_backend.cache_clear()
    assert kernels.backend() == "reference"


def test_an_unknown_backend_is_named():
    with pytest.raises(UsageError, match=r"no backend 'gpu', expected one of auto, cpu, reference, cuda"):
        kernels.use(backend="gpu").__enter__()


def test_an_unknown_precision_is_named():
    with pytest.raises(UsageError, match="precision is 'float16'"):
        kernels.use(precision="float16").__enter__()


def test_importing_kernels_does_not_import_numba():
    code = "import sys, cnnkit.kernels; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_names_for_callers_are_looked_up_when_asked_for():
    assert kernels.Window().stride_h == 1
    assert kernels.ACTIVATIONS["relu"] == kernels.RELU
    with pytest.raises(AttributeError, match="no attribute 'Wndow'"):
        _ = kernels.Wndow
