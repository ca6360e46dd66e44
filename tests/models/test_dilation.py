"""Strides traded for dilation: the maps of a classifier, at every place."""

import numpy as np
import pytest

from cnnkit import models, nn
from cnnkit.autograd import Tensor, no_grad
from cnnkit.errors import UsageError
from cnnkit.models.dilation import dilate, steps
from cnnkit.nn.init import without_values
from cnnkit.ops.window import window

# A classifier of each kind of stride: in a shortcut, with zeros on one side alone, with gates, in a pool.
LAST = {"resnet18_x0_125": "layer4", "mobilenet_v1_x0_1": "block13", "mobilenet_v2_x0_1": "features.17"}


def windows(name: str, output_stride: int, **options: bool) -> dict[str, tuple[int, int, int]]:
    """(stride, zeros above, dilation) of each convolution of more than a pixel."""
    with without_values():
        tap = "layer4" if name.startswith("resnet") else "features.16"
        trunk = models.trunk(name, [tap], output_stride=output_stride, **options)
    found = {}
    for path, layer in trunk.named_modules():
        if isinstance(layer, nn.Conv2d) and layer.weight.shape[0] > 1:
            win = window(layer.stride, layer.padding, layer.dilation)
            assert win.pad_top == win.pad_bottom == win.pad_left == win.pad_right
            found[path] = (win.stride_h, win.pad_top, win.dilation_h)
    return found


@pytest.mark.parametrize("output_stride", [8, 16])
@pytest.mark.parametrize("name", LAST)
def test_every_second_or_fourth_place_has_what_the_classifier_computes(name, output_stride, rng):
    size = (128, 96)
    trunks = [
        models.trunk(name, [LAST[name]], output_stride=stride, rng=np.random.default_rng(1)).eval()
        for stride in (None, output_stride)
    ]
    x = Tensor(rng.standard_normal((1, *size, 3)).astype(np.float32))
    with no_grad():
        whole, spread = (trunk(x)[LAST[name]].numpy() for trunk in trunks)
    every = 32 // output_stride
    assert spread.shape[1:3] == (size[0] // output_stride, size[1] // output_stride)
    # The same sums in another order: some thirty layers of float32.
    np.testing.assert_allclose(spread[:, ::every, ::every], whole, rtol=0, atol=1e-4 * np.abs(whole).max())
    assert np.abs(np.diff(spread, axis=2)).max() > 0.01 * np.abs(whole).max()  # between them is something else


def test_a_resnet_is_dilated_as_torchvision_does_it():
    eighth, sixteenth = windows("resnet50", 8), windows("resnet50", 16)
    assert eighth["layer3.0.conv2.conv"] == (1, 1, 1) and eighth["layer3.1.conv2.conv"] == (1, 2, 2)
    assert eighth["layer4.0.conv2.conv"] == (1, 2, 2) and eighth["layer4.2.conv2.conv"] == (1, 4, 4)
    assert sixteenth["layer3.0.conv2.conv"] == (2, 1, 1) and sixteenth["layer4.0.conv2.conv"] == (1, 1, 1)
    assert sixteenth["layer4.1.conv2.conv"] == (1, 2, 2)


def test_at_once_a_layer_spreads_that_loses_its_stride():
    usual = windows("mobilenet_v3_large", 16)
    at_once = windows("mobilenet_v3_large", 16, at_once=True)
    assert usual["features.13.depthwise.conv"] == (1, 2, 1)
    assert at_once.pop("features.13.depthwise.conv") == (1, 4, 2)
    assert usual == {**at_once, "features.13.depthwise.conv": (1, 2, 1)}
    assert usual["features.14.depthwise.conv"] == (1, 4, 2) and usual["features.7.depthwise.conv"] == (2, 1, 1)


def test_a_pool_keeps_its_window_and_gives_up_its_stride():
    with without_values():
        trunk = models.trunk("squeezenet1_1", ["fire3", "fire9"], output_stride=8)
        assert trunk.strides == {"fire3": 4, "fire9": 8}
        (pool,) = [step for step in steps(trunk, (64, 64, 3)) if step.part is dict(trunk.named_modules())["pool5"]]
        assert (pool.before, pool.after) == (8, 8) and pool.part.padding == "same"


def test_what_cannot_be_spread_is_refused():
    with without_values():
        with pytest.raises(UsageError, match="output_stride is 8, but a pool behind it cannot spread its window"):
            models.trunk("vgg16", ["pool5"], output_stride=8)
        for stride in (0, 12):
            with pytest.raises(UsageError, match=f"output_stride is {stride}, expected a power of 2"):
                dilate(nn.Conv2d(1, 1, 3), stride, (8, 8, 1))


def test_the_layers_of_a_dilated_trunk_are_those_of_the_classifier():
    with without_values():
        plain, dilated = (models.trunk("resnet50", ["layer4"], output_stride=stride) for stride in (None, 8))
    assert plain.classifier == dilated.classifier == "resnet50"
    shapes = [{name: array.shape for name, array in trunk.state_dict().items()} for trunk in (plain, dilated)]
    assert shapes[0] == shapes[1] and plain.strides == {"layer4": 32} and dilated.strides == {"layer4": 8}
