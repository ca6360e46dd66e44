"""All that is asked of a driver, asked of one without a device: real bindings, launches, streams and graphs.

The simulator has kernels compute and asks no driver; here it is the other way round (`pretended/driver.c`).
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent / "pretended"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the pretended driver is a library of Linux's")
@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler (cc) for the pretended driver")
def test_work_is_in_one_stream_waits_for_nothing_and_becomes_graphs(tmp_path):
    library = tmp_path / "libcuda.so.1"
    subprocess.run(["cc", "-shared", "-fPIC", "-Wall", "-Werror", "-o", library, HERE / "driver.c", "-ldl"], check=True)
    environment = {name: value for name, value in os.environ.items() if name != "NUMBA_ENABLE_CUDASIM"}
    environment |= {"LD_LIBRARY_PATH": str(tmp_path), "CUDA_VISIBLE_DEVICES": "0,1"}
    done = subprocess.run([sys.executable, HERE / "asks.py"], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.splitlines()[-1] == "all was asked"
