"""Numba's threads in the place of our own helpers."""

import os
import subprocess
import sys

import numba
import pytest
from numba.core import config

from cnnkit.errors import DeviceError
from cnnkit.kernels.cpu.machine.crew import borrowed

pytestmark = pytest.mark.skipif(bool(config.DISABLE_JIT), reason="there is no crew without machine code")

MANY = """
import numpy as np
from concurrent.futures import ThreadPoolExecutor
from cnnkit.kernels import cpu
from cnnkit.kernels.cpu.machine import threads
from cnnkit.kernels.shared.geometry import Window
threads.set_threads(4)
x, w = np.ones((4, 20, 20, 8), np.float32), np.ones((3, 3, 8, 16), np.float32)
with ThreadPoolExecutor(8) as pool:
    assert all((y == 72).all() for y in pool.map(lambda _: cpu.conv2d(x, w, Window()), range(64)))
print(threads.layer())
"""


@pytest.mark.parametrize("layer", ["omp", "workqueue"])
def test_the_layer_that_is_asked_for_serves_many_python_threads(layer):
    """The work queue ends the process when two enter at once."""
    env = {**os.environ, "NUMBA_NUM_THREADS": "4", "NUMBA_THREADING_LAYER": layer}
    done = subprocess.run(
        [sys.executable, "-c", MANY], env=env, capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stdout.strip()) == (0, layer), done.stderr


def test_a_numba_without_its_scheduler_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "numba.np.ufunc.parallel", None)
    with pytest.raises(DeviceError, match=f"Numba {numba.__version__} no longer has"):
        borrowed._launcher()
