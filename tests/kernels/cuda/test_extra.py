"""Whether the tests of this folder can run at all."""

from importlib.util import find_spec

import pytest


def test_the_extra_is_installed_and_says_its_version():
    if find_spec("numba_cuda") is None:
        pytest.skip("numba-cuda is not installed, so no CUDA kernel is tested: pip install -e '.[cuda,sass]'")
    from numba import cuda

    assert cuda.implementation == "NVIDIA"  # not the target that Numba itself still has
