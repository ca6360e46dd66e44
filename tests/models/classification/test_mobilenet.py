"""MobileNets: widths, strides, who adds its input."""

import numpy as np
import pytest

from cnnkit import models, nn
from cnnkit.errors import UsageError
from cnnkit.models.classification.mobilenet_v2 import InvertedResidual
from cnnkit.models.classification.mobilenet_v3 import LARGE, SMALL
from cnnkit.models.width import multiple_of_8


def outputs(name: str, size: int) -> list[tuple[int, ...]]:
    """Results of depthwise convolutions, in order."""
    layers = models.summary(name, image_size=(size, size)).layers
    return [row.output for row in layers if row.name.endswith("depthwise.conv")]


@pytest.mark.parametrize("name", ["mobilenet_v1", "mobilenet_v2", "mobilenet_v3_small", "mobilenet_v3_large"])
def test_images_end_at_7x7_and_small_ones_at_4x4(name):
    assert outputs(name, 224)[-1][:2] == (7, 7) and outputs(name, 32)[-1][:2] == (4, 4)


def test_v1_halves_where_its_table_says():
    assert [shape[0] for shape in outputs("mobilenet_v1", 224)] == [112, 56, 56, 28, 28, *[14] * 6, 7, 7]


def test_v1_pads_below_and_to_the_right_where_it_strides():
    model = models.create("mobilenet_v1_x0_25", image_size=(64, 64))
    assert model.conv1.conv.padding == model.block2.depthwise.conv.padding == ((0, 1), (0, 1))
    assert model.block1.depthwise.conv.padding == 1


def test_any_width_may_stand_in_the_name_of_v1():
    told = models.summary("mobilenet_v1_x1_25")
    assert told.layers[-1].parameters == 1280 * 1000 + 1000 and models.spec("mobilenet_v1_x1_25").classes == 1000
    assert models.summary("mobilenet_v1_x0_50").parameters == models.summary("mobilenet_v1_x0_5").parameters
    assert "mobilenet_v1_x1_25" not in models.names()


def test_no_layer_of_v1_is_narrower_than_8():
    assert models.summary("mobilenet_v1_x0_1").layers[0].output == (112, 112, 8)


def test_a_width_of_nothing_is_refused():
    with pytest.raises(UsageError, match="mobilenet_v1_x0_00 has no channels"):
        models.create("mobilenet_v1_x0_00", image_size=(32, 32))


@pytest.mark.parametrize(("channels", "stride", "adds"), [(8, 1, True), (8, 2, False), (16, 1, False)])
def test_an_inverted_residual_adds_its_input_where_the_shapes_agree(rng, channels, stride, adds):
    block = InvertedResidual(8, channels, expansion=6, stride=stride, rng=rng).eval()
    block.project.norm.weight.data[:] = 0
    x = rng.normal(size=(1, 4, 4, 8)).astype(np.float32)
    y = block(x).data
    np.testing.assert_array_equal(y, x if adds else np.zeros_like(y))


def test_v3_squeezes_to_multiples_of_8():
    assert [multiple_of_8(row.expanded / 4) for row in LARGE if row.excited] == [24, 32, 32, 120, 168, 168, 240, 240]
    assert [multiple_of_8(row.expanded / 4) for row in SMALL if row.excited][:4] == [8, 24, 64, 64]


def test_v3_keeps_its_averages_slowly():
    model = models.create("mobilenet_v3_small", image_size=(32, 32))
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    assert {(norm.eps, norm.momentum) for norm in norms} == {(1e-3, 0.01)}
