"""These run in Numba's simulator alone: `test_in_the_simulator.py` calls them in a process of its own."""

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

SIMULATED = os.environ.get("NUMBA_ENABLE_CUDASIM") == "1"
collect_ignore_glob = [] if SIMULATED else ["test_*.py"]


@pytest.fixture
def on_cuda():
    """New arrays go to the pretended device."""
    from cnnkit import kernels

    with kernels.use(backend="cuda"):
        yield
