"""FCN: what its paper says of it."""

import numpy as np
import pytest

from cnnkit import models, ops
from cnnkit.autograd import Tensor, no_grad
from cnnkit.models.trunk import trunk
from cnnkit.nn.init import without_values


def small(name, rng, **options):
    return models.create(f"{name}_x0_125", classes=4, in_channels=3, image_size=(64, 64), rng=rng, **options)


@pytest.mark.parametrize(
    ("name", "parameters"), [("fcn32s", 134_346_581), ("fcn16s", 134_357_690), ("fcn8s", 134_363_423)]
)
def test_the_parameters_are_those_of_the_paper(name, parameters):
    """134 million in its table 1: VGG16 with 7x7x512x4096, 4096x4096 and 4096x21; 16s and 8s add their scores."""
    assert models.summary(name).parameters == parameters


def test_the_weights_of_vgg16_are_those_of_the_trunk():
    """So it lends them, see engine/finetune/lent.py."""
    with without_values():
        network = models.create("fcn8s", classes=21, in_channels=3, image_size=(224, 224))
        whole = trunk("vgg16", ("pool5",))
    assert network.backbone.classifier == "vgg16"
    own = {key: array.shape for key, array in network.backbone.state_dict().items()}
    assert own == {key: array.shape for key, array in whole.state_dict().items()}


def test_each_place_of_pool5_is_scored_as_vgg16_scores_an_image(rng):
    """fc6 is the dense layer as a convolution: over the 7x7 places of pool5 it meets all of an image of 224x224."""
    with without_values():
        network = models.create("fcn32s", classes=21, in_channels=3, image_size=(224, 224))
    assert network.head.output_shape((1, 7, 7, 512)) == (1, 7, 7, 4096)
    assert network.head.fc6.weight.shape == (7, 7, 512, 4096)
    assert network.backbone.output_shape((1, 225, 224, 3)) == {"pool5": (1, 8, 7, 512)}


def test_scores_are_zero_at_first_so_finer_pools_change_nothing_until_they_learn(rng):
    network = small("fcn8s", rng).eval()
    x = Tensor(rng.standard_normal((1, 64, 96, 3)).astype(np.float32))
    with no_grad():
        assert not network(x).numpy().any()
        network.score_fr.weight.data = rng.standard_normal(network.score_fr.weight.shape).astype(np.float32)
        scores = network.score_fr(network.head(network.backbone(x)["pool5"]))
        doubled = network.double_pool3(network.double_pool4(scores))
        np.testing.assert_array_equal(network(x).numpy(), ops.resize(doubled, (64, 96)).numpy())
    ops.sum(network(x)).backward()
    assert network.score_pool3.weight.grad.any() and network.score_pool4.weight.grad.any()


def test_a_doubling_begins_as_bilinear_interpolation(rng):
    network = small("fcn16s", rng)
    x = Tensor(rng.standard_normal((1, 5, 6, 4)).astype(np.float32))
    with no_grad():
        y, expected = network.double_pool4(x).numpy(), ops.resize(x, (10, 12)).numpy()
    np.testing.assert_allclose(y[:, 1:-1, 1:-1], expected[:, 1:-1, 1:-1], rtol=1e-5, atol=1e-6)


def test_sums_are_cropped_to_the_finer_map(rng):
    """Of 97x65 pixels pool5 has 4x3 places, doubled 8x6, beside the 7x5 of pool4."""
    network = small("fcn8s", rng)
    shapes = network.backbone.output_shape((1, 97, 65, 3))
    assert [shapes[pool][1:3] for pool in ("pool5", "pool4", "pool3")] == [(4, 3), (7, 5), (13, 9)]
    assert network.output_shape((2, 97, 65, 3)) == (2, 97, 65, 4)
