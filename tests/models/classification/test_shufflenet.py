"""ShuffleNets: which channels pass by, and how they are mixed."""

import numpy as np
import pytest

from cnnkit import models
from cnnkit.models.classification import shufflenet_v1, shufflenet_v2


def outputs(name: str, size: int) -> list[tuple[int, ...]]:
    """Results of depthwise convolutions, in order."""
    layers = models.summary(name, image_size=(size, size)).layers
    return [row.output for row in layers if row.name.endswith("depthwise.conv")]


@pytest.mark.parametrize("name", ["shufflenet_v1", "shufflenet_v2_x0_5"])
def test_images_end_at_7x7_and_small_ones_at_4x4(name):
    assert outputs(name, 224)[-1][:2] == (7, 7) and outputs(name, 32)[-1][:2] == (4, 4)


def test_the_first_1x1_convolution_of_v1_has_no_groups():
    model = models.create("shufflenet_v1", image_size=(32, 32))
    assert model.stage2[0].reduce.conv.groups == 1 and model.stage2[1].reduce.conv.groups == 3


def test_stride_2_of_v1_joins_the_mean_of_its_input(rng):
    unit = shufflenet_v1.DownUnit(12, 24, groups=3, rng=rng).eval()
    x = np.full((1, 4, 4, 12), 9, np.float32)
    y = unit(x).data
    assert y.shape == (1, 2, 2, 24)
    np.testing.assert_allclose(y[0, 1, 1, :12], 9, rtol=1e-6)
    np.testing.assert_allclose(y[0, 0, 0, :12], 4, rtol=1e-6)  # five of nine pixels lie outside


def test_half_of_the_channels_pass_v2_and_are_dealt_out(rng):
    unit = shufflenet_v2.Unit(8, rng=rng).eval()
    x = rng.normal(size=(2, 3, 3, 8)).astype(np.float32)
    np.testing.assert_array_equal(unit(x).data[..., ::2], x[..., :4])


def test_stride_2_of_v2_sees_all_channels_in_both_branches(rng):
    unit = shufflenet_v2.DownUnit(6, 16, rng=rng)
    assert unit.branch1.depthwise.conv.groups == 6 and unit.branch2.pointwise1.conv.weight.shape == (1, 1, 6, 8)
