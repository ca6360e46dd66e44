"""Where a prediction's time goes."""

import pytest

from cnnkit.bench import layer_times
from cnnkit.bench.layers import LayerTime
from cnnkit.errors import UsageError


def test_each_call_of_a_plan_is_told_the_most_to_gain_first():
    times = layer_times("lenet5", 2, seconds=0.01)
    names = [layer.name for layer in times.layers]
    assert sorted(names) == sorted(
        ["conv1", "AvgPool2d", "conv2", "AvgPool2d", "Reshape", "dense1", "dense2", "dense3"]
    )
    gains = [layer.gain_ms for layer in times.layers]
    assert gains == sorted(gains, reverse=True) and min(gains) >= 0
    assert times.batch == 2 and times.ms > 0
    conv2 = next(layer for layer in times.layers if layer.name == "conv2")
    # 10x10 places of 16 filters of 5x5x6, two images, a product and a sum for each tap.
    assert conv2.shape == (2, 10, 10, 16) and conv2.gflops == pytest.approx(2 * 2 * 100 * 16 * 150 / conv2.ms / 1e6)
    assert {"ms", "gflops", "of_roof", "gain_ms"} <= set(times.to_json()["layers"][0])


@pytest.mark.slow
def test_of_a_transposed_convolution_each_pixel_meets_each_filter():
    up = next(layer for layer in layer_times("unet_bn_w16_d3", seconds=0.01).layers if "up" in layer.name)
    assert up.gflops is not None and up.gflops > 0


def test_a_layer_below_its_roof_has_nothing_to_gain():
    assert LayerTime("conv", (1, 2, 2, 3), 1.0, 300.0, 2.0).gain_ms == 0


def test_a_network_without_a_plan_as_a_whole_is_named():
    with pytest.raises(UsageError, match="rcnn_nano has no plan"):
        layer_times("rcnn_nano")
