"""Which device answers: told without importing a package of CUDA's, in one sentence where there is none."""

import ctypes
import subprocess
import sys

import pytest

from cnnkit import kernels
from cnnkit.errors import DeviceError
from cnnkit.kernels.shared import devices


class Driver:
    """NVIDIA's driver, as far as it is asked."""

    def __init__(self, version=13_000, count=1, status=0):
        self.version, self.count, self.status = version, count, status

    def cuInit(self, flags):  # noqa: N802 - its own names
        return self.status

    def cuDriverGetVersion(self, place):  # noqa: N802
        place._obj.value = self.version
        return 0

    def cuDeviceGetCount(self, place):  # noqa: N802
        place._obj.value = self.count
        return 0


@pytest.fixture
def driver(monkeypatch):
    """A machine with the extra and this driver; None: without one."""
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.delenv("NUMBA_ENABLE_CUDASIM", raising=False)
    monkeypatch.setattr(devices, "is_installed", lambda: True)

    def set_to(found):
        def load(name):
            if found is None:
                raise OSError
            return found

        monkeypatch.setattr(ctypes, "CDLL", load)
        devices.cuda.cache_clear()

    yield set_to
    devices.cuda.cache_clear()


def test_names_of_devices():
    assert devices.index_of("cuda") == 0 and devices.index_of("cuda:3") == 3
    assert devices.index_of("cpu") is None and devices.index_of("cuda:x") is None and devices.index_of("cuda:") is None


def test_the_extra_is_asked_for_first(monkeypatch):
    monkeypatch.setattr(devices, "is_installed", lambda: False)
    assert devices.refusal("cuda") == (
        "CUDA needs packages that are not installed: pip install 'cnnkit[cuda]'. Or use --backend cpu."
    )


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (None, "there is no NVIDIA driver on this machine"),
        (Driver(count=0), "the NVIDIA driver finds no device"),
        (Driver(status=100), "the NVIDIA driver finds no device"),
        (Driver(status=803), "the NVIDIA driver does not begin (its error 803)"),
        (Driver(version=12_040), "the NVIDIA driver knows CUDA 12.4 and would have to know 13.0: update the driver"),
        # Too old to begin: it says so by its version alone.
        (Driver(version=11_080, status=803), "the NVIDIA driver knows CUDA 11.8"),
    ],
)
def test_what_is_missing_is_told_with_what_helps(driver, found, why):
    driver(found)
    said = devices.refusal("cuda")
    assert said.startswith("No CUDA device answers: " + why) and "--backend cpu" in said and "cnnkit[cuda]" in said


def test_devices_that_are_hidden_are_told(driver, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    driver(Driver(count=0))
    assert "finds no device (CUDA_VISIBLE_DEVICES is '')" in devices.refusal("cuda")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "7,GPU-none")
    driver(Driver(status=100))
    assert "finds no device (CUDA_VISIBLE_DEVICES is '7,GPU-none')" in devices.refusal("cuda")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    driver(Driver(count=1))
    assert "There is no device cuda:9: this process may use 1 (CUDA_VISIBLE_DEVICES is '0')" in devices.refusal(
        "cuda:9"
    )


def test_a_device_that_there_is_is_not_refused_and_the_next_is(driver):
    driver(Driver(count=2))
    assert devices.refusal("cuda") == devices.refusal("cuda:1") == ""
    assert "There is no device cuda:2: this process may use 2, of which" in devices.refusal("cuda:2")


def test_the_refusal_is_that_of_use(driver):
    driver(None)
    with pytest.raises(DeviceError, match="No CUDA device answers"), kernels.use(backend="cuda:1"):
        pass


def test_auto_stays_on_this_processor(driver):
    driver(Driver())
    kernels._best.cache_clear()
    with kernels.use(backend="auto"):
        assert kernels.backend() == "cpu"
    kernels._best.cache_clear()


def test_who_does_not_ask_for_cuda_imports_nothing_of_it():
    code = (
        "import sys, numpy as np; from cnnkit import kernels; kernels.home().add(np.zeros(1, 'f'), 1.0); "
        "sys.exit(any(name.startswith(('numba.cuda', 'numba_cuda', 'cuda')) for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
