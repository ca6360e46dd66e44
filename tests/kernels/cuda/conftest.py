"""Tests of the CUDA kernels need no device, but the extra; without it one test says so and the others are left out."""

import sys
from importlib.util import find_spec
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

HERE = Path(__file__).resolve().parent
collect_ignore = []
if find_spec("numba_cuda") is None:
    collect_ignore = [path.name for path in HERE.glob("test_*.py") if path.name != "test_extra.py"]
