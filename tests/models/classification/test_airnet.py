"""The network of airbench94: a whitening that looks at images, filters that pass channels on, two looks in use."""

import numpy as np
import pytest

from cnnkit import models, ops
from cnnkit.autograd import Tensor
from cnnkit.errors import UsageError
from cnnkit.models.classification.airnet import mirrored


def small(**changes):
    return models.create("airnet_x0_125", classes=5, **({"in_channels": 3} | changes))


@pytest.fixture
def images(rng) -> np.ndarray:
    """Neighbouring pixels, and the colours of one, are alike, as in photos."""
    ground = rng.standard_normal((20, 16, 16, 1)).cumsum(1).cumsum(2)
    return (ground + 0.5 * rng.standard_normal((20, 16, 16, 3))).astype(np.float32)


def test_a_width_multiplies_the_channels_of_the_blocks_alone():
    shown = models.summary("airnet_x0_5")
    assert [row.output[-1] for row in shown.layers if row.kind == "Conv2d"] == [24, 32, 32, 128, 128, 128, 128]


def test_any_size_from_8x8_on_gives_one_row_of_scores_an_image():
    for size in [(8, 8), (17, 40)]:
        network = small(in_channels=1, image_size=size)
        assert network(Tensor(np.zeros((2, *size, 1), np.float32))).shape == (2, 5)
    with pytest.raises(UsageError, match="needs 8x8"):
        models.create("airnet", image_size=(7, 8))


def test_after_a_look_patches_have_no_correlation_and_variance_1(images):
    network = small(image_size=(16, 16))
    network.begin_from([images[:7], images[7:]])
    patches = np.stack(
        [images[:, ky : ky + 15, kx : kx + 15, c] for ky in (0, 1) for kx in (0, 1) for c in range(3)], -1
    ).reshape(-1, 12)
    seen = patches.astype(float) @ network.whiten.weight.numpy().reshape(12, 24)[:, :12]
    variances = seen.T @ seen / len(seen)
    # eps 5e-4 lowers the variance of the flattest direction by a part in 200; the rest is rounding to float32
    np.testing.assert_allclose(variances, np.eye(12), atol=5e-3)
    np.testing.assert_array_equal(network.whiten.weight.numpy()[..., 12:], -network.whiten.weight.numpy()[..., :12])


def test_the_filters_of_the_whitening_and_the_scales_of_norms_stay(images):
    network = small(image_size=(16, 16))
    network.train()
    ops.cross_entropy(network(Tensor(images)), np.arange(20) % 5).backward()
    still = {name for name, parameter in network.named_parameters() if not parameter.requires_grad}
    assert still == {"whiten.weight", *(f"block{n}.norm{k}.weight" for n in (1, 2, 3) for k in (1, 2))}
    learned = {name for name, parameter in network.named_parameters() if parameter.grad is not None}
    assert learned == {name for name, _ in network.named_parameters()} - still


def test_first_filters_pass_the_channels_on():
    block = small(image_size=(16, 16)).block2
    x = np.random.default_rng(0).standard_normal((1, 7, 7, 8)).astype(np.float32)
    np.testing.assert_array_equal(block.conv1(Tensor(x)).numpy()[..., :8], x)


def test_in_use_an_image_and_its_mirror_image_have_one_answer(images):
    network = small(image_size=(16, 16)).eval()
    x = Tensor(images)
    once, twice = network.logits(x).numpy(), network(x).numpy()
    np.testing.assert_allclose(twice, (once + network.logits(mirrored(x)).numpy()) / 2, rtol=1e-6)
    np.testing.assert_array_equal(network(mirrored(x)).numpy(), twice)
    assert np.abs(once - twice).max() > 1e-4
    np.testing.assert_array_equal(mirrored(x).numpy(), images[:, :, ::-1])
