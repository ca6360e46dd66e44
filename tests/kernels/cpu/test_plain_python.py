"""Without the JIT every kernel is ordinary Python with checked indices, which notices a read beyond an array's end."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
# Sizes that are there for the sake of many tasks take minutes in plain Python.
LARGE = ["40000", "70000", "5000", "3000", "1000", "900", "300", "long_sum", "large", "last_place", "rate", "interval"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        "pool",
        "activation",
        "softmax",
        "pointwise",
        "reduce",
        "shape",
        "random",
        "update",
        "norm",
        "channels",
        "crf",
        "regions",
        "boxes",
    ],
)
def test_kernels_agree_without_the_jit(name):
    chosen = " and ".join(f"not {word}" for word in [*LARGE, "continue", "bad_element"])
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", TESTS / f"test_{name}.py", "-k", chosen]
    result = subprocess.run(
        command, env={**os.environ, "NUMBA_DISABLE_JIT": "1"}, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout
