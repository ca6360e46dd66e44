"""U-Net: what its paper says of it, and what padding changes."""

import numpy as np
import pytest

from cnnkit import models, nn
from cnnkit.autograd import Tensor, no_grad
from cnnkit.errors import ShapeError, UsageError
from cnnkit.models.reach import reach
from cnnkit.models.segmentation.unet import UNet, margin
from cnnkit.nn.init import without_values


def built(name, size, classes=2):
    with without_values():
        return models.create(name, classes=classes, image_size=size)


@pytest.mark.parametrize("name", ["unet", "unet_unpadded"])
def test_the_parameters_are_those_of_figure_1(name):
    """31.0 million: 23 convolutions, from one channel to two classes."""
    assert models.summary(name).parameters == 31_030_658
    network = built(name, (572, 572))
    kinds = (nn.Conv2d, nn.ConvTranspose2d)
    assert sum(isinstance(part, kinds) for part in network.modules()) == 23


def test_shapes_are_those_of_figure_1():
    found = {row.name: row.output for row in models.summary("unet_unpadded").layers}
    assert found["down.0.conv2"] == (568, 568, 64)
    assert found["down.4.conv2"] == (28, 28, 1024)
    assert found["up.0"] == (56, 56, 512) and found["merge.0.conv2"] == (52, 52, 512)
    assert found["merge.3.conv2"] == (388, 388, 64) and found["score"] == (388, 388, 2)


def test_a_size_and_batch_norm_may_stand_in_the_name():
    named = built("unet_bn_w8_d2", (16, 16))
    by_hand = UNet(2, 1, width=8, depth=2, norm=True, rng=np.random.default_rng(0))
    assert {key: a.shape for key, a in named.state_dict().items()} == {
        key: a.shape for key, a in by_hand.state_dict().items()
    }
    assert sum(isinstance(part, nn.BatchNorm2d) for part in named.modules()) == 10
    assert models.spec("unet_w16_d3").summary.endswith("16 channels wide and 3 halvings deep.")
    assert models.spec("unet_unpadded_w16").kind == "segmentation" and "unet_w16_d3" not in models.names()
    for wrong in ("unet_w0", "unet_d8", "unet_d3_w16"):
        with pytest.raises(UsageError, match="unet"):
            models.spec(wrong)


@pytest.mark.parametrize(("depth", "lost"), [(1, 8), (2, 20), (3, 44), (4, 92)])
def test_without_padding_each_side_loses_as_much_for_any_size(depth, lost):
    network = built(f"unet_unpadded_w4_d{depth}", (300, 300))
    assert network.margin == margin(depth) == lost
    for size in ((300, 301), (2 * lost + 1, 2 * lost + 17)):
        assert network.output_shape((1, *size, 1)) == (1, size[0] - 2 * lost, size[1] - 2 * lost, 2)
    with pytest.raises(ShapeError, match=f"take {2 * lost} rows and columns away, and leave nothing"):
        network.output_shape((1, 2 * lost, 300, 1))
    assert reach(network, 1).margin == lost


def test_too_small_an_image_is_refused_with_the_least():
    with pytest.raises(UsageError, match=r"too small for unet_unpadded_d1, which needs 17x17"):
        built("unet_unpadded_d1", (16, 16))
    with pytest.raises(UsageError, match=r"too small for unet, which needs 16x16"):
        built("unet", (15, 20))


def test_without_padding_it_computes_what_it_does_with_it_far_from_the_border(rng):
    """One halving deep. Deeper, the pools of the two begin at other pixels."""
    padded, unpadded = (
        UNet(3, 2, width=4, depth=1, padded=padded, rng=np.random.default_rng(5)).eval() for padded in (True, False)
    )
    x = Tensor(rng.standard_normal((1, 40, 44, 2)).astype(np.float32))
    with no_grad():
        inner, whole = unpadded(x).numpy(), padded(x).numpy()
    # Sums of about a hundred products in two orders.
    np.testing.assert_allclose(inner, whole[:, 8:-8, 8:-8], rtol=0, atol=1e-5)


def test_sizes_that_the_pools_do_not_divide_change_only_what_lies_near_the_end(rng):
    network = UNet(2, 1, width=4, depth=2, padded=False, rng=np.random.default_rng(5)).eval()
    x = rng.standard_normal((1, 76, 76, 1)).astype(np.float32)
    with no_grad():
        whole, less = network(Tensor(x)).numpy(), network(Tensor(x[:, :74, :75])).numpy()
    assert whole.shape == (1, 36, 36, 2) and less.shape == (1, 34, 35, 2)
    # The last rows may have met zeros in the place of the pixels that are gone.
    np.testing.assert_allclose(less[:, :24, :24], whole[:, :24, :24], rtol=0, atol=1e-5)


def test_what_is_dropped_lies_at_the_end_of_the_way_down():
    network = built("unet", (64, 64))
    assert [name for name, part in network.named_modules() if isinstance(part, nn.Dropout)] == [
        "down.3.drop",
        "down.4.drop",
    ]
