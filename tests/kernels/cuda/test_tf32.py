"""When tensor cores multiply: what is launched, without a device."""

import numpy as np
import pytest
from launched import in_tf32, launched

from cnnkit.kernels.shared.geometry import Window


def floats(*shape):
    return np.zeros(shape, np.float32)


CALLS = {
    "conv2d": (floats(1, 4, 4, 8), floats(3, 3, 8, 8), Window()),
    "conv2d_dx": (floats(1, 2, 2, 8), floats(3, 3, 8, 8), (1, 4, 4, 8), Window()),
    "conv2d_dw": (floats(1, 2, 2, 8), floats(1, 4, 4, 8), (3, 3, 8, 8), Window()),
    "dense": (floats(2, 8), floats(8, 12)),
    "dense_dw": (floats(2, 12), floats(2, 8)),
}


def by_tensor_cores(name, *args):
    return any("tf32" in kernel.name for kernel, _ in launched(name, *args))


@pytest.mark.parametrize("name", CALLS)
def test_tf32_is_for_who_chose_it_on_a_chip_that_has_it(name):
    assert not by_tensor_cores(name, *CALLS[name])
    with in_tf32((7, 5)):
        assert not by_tensor_cores(name, *CALLS[name])
    for capability in (8, 0), (9, 0), (10, 0):
        with in_tf32(capability):
            assert by_tensor_cores(name, *CALLS[name])


def test_channels_and_outputs_that_are_not_read_four_at_a_time_stay_float32():
    with in_tf32((9, 0)):
        assert not by_tensor_cores("conv2d", floats(1, 4, 4, 3), floats(3, 3, 3, 8), Window())
        assert not by_tensor_cores("dense", floats(2, 8), floats(8, 10))
        assert not by_tensor_cores("conv2d", floats(1, 4, 4, 8), floats(3, 3, 1, 8), Window(), 8)
