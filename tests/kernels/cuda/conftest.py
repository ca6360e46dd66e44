"""Tests of the CUDA kernels: without the extra they are left out, and say so. No device is needed for any of them."""

import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

EXTRA = "numba-cuda is not installed: pip install -e '.[cuda]' and these tests run"


def pytest_collection_modifyitems(items):
    if find_spec("numba_cuda") is None:
        here = Path(__file__).resolve().parent
        for item in items:
            if item.path.is_relative_to(here) and "without the extra" not in item.keywords:
                item.add_marker(pytest.mark.skip(reason=EXTRA))
