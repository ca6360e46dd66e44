"""DeepLab v1 and v2: what their papers say of them."""

import numpy as np
import pytest

from cnnkit import models
from cnnkit.autograd import Tensor, no_grad
from cnnkit.models.trunk import trunk
from cnnkit.nn import Conv2d
from cnnkit.nn.init import without_values


def built(name, classes=21, size=(320, 320)):
    with without_values():
        return models.create(name, classes=classes, in_channels=3, image_size=size)


@pytest.mark.parametrize(("name", "parameters"), [("deeplab_v1", 20_505_429), ("deeplab_v2", 44_048_532)])
def test_the_parameters_are_those_of_the_paper(name, parameters):
    """20.5 million in table 1 of the first; a ResNet-101 without its head and four times 3x3x2048x21 + 21."""
    assert models.summary(name).parameters == parameters


def test_the_last_convolutions_of_vgg_spread_by_2_and_the_pools_keep_the_size():
    network = built("deeplab_v1")
    spread = {name: part.dilation for name, part in network.named_modules() if isinstance(part, Conv2d)}
    assert {spread[f"backbone.conv{place}"] for place in ("1_2", "2_2", "3_3", "4_3")} == {1}
    assert {spread[f"backbone.conv5_{number}"] for number in (1, 2, 3)} == {(2, 2)}
    assert spread["head.fc6"] == 12
    assert network.backbone.output_shape((1, 320, 320, 3)) == {"conv5_3": (1, 40, 40, 512)}


def test_the_blocks_of_resnet_spread_by_2_and_4_from_their_first_on():
    network = built("deeplab_v2")
    for number, spread in ((2, 1), (3, (2, 2)), (4, (4, 4))):
        stage = getattr(network.backbone, f"layer{number}")
        assert {block.conv2.conv.dilation for block in stage} == {spread}
    assert network.backbone.output_shape((1, 321, 321, 3)) == {"layer4": (1, 41, 41, 2048)}


def test_scores_of_four_distances_are_added_up(rng):
    aspp = models.create("deeplab_v2_resnet18_x0_125", classes=3, in_channels=3, image_size=(64, 64)).aspp
    assert [branch.dilation for branch in aspp.branches] == [6, 12, 18, 24]
    x = Tensor(rng.standard_normal((1, 30, 31, 64)).astype(np.float32))
    with no_grad():
        expected = np.sum([branch(x).numpy() for branch in aspp.branches], axis=0)
        np.testing.assert_allclose(aspp(x).numpy(), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "classifier", "last"),
    [
        ("deeplab_v1", "vgg16", "conv5_3"),
        ("deeplab_v1_bn_x0_25", "vgg16_bn_x0_25", "norm5_3"),
        ("deeplab_v2", "resnet101", "layer4"),
        ("deeplab_v2_x0_5", "resnet101_x0_5", "layer4"),
        ("deeplab_v2_resnet50", "resnet50", "layer4"),
        ("deeplab_v2_resnet18_x0_25", "resnet18_x0_25", "layer4"),
    ],
)
def test_the_weights_of_a_classifier_are_those_of_the_trunk(name, classifier, last):
    """So it lends them, see engine/finetune/lent.py."""
    network = built(name)
    with without_values():
        whole = trunk(classifier, (last,))
    assert network.backbone.classifier == classifier
    own = {key: array.shape for key, array in network.backbone.state_dict().items()}
    assert own == {key: array.shape for key, array in whole.state_dict().items()}
