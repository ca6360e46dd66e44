"""Every network for segmentation under the same tests: what builds is tried on all, what computes on small ones."""

import numpy as np
import pytest
from variants import SMALL

from cnnkit import models, ops
from cnnkit.autograd import Tensor, no_grad
from cnnkit.errors import UsageError
from cnnkit.graph import Planned
from cnnkit.nn.blocks import WithAuxiliary
from cnnkit.nn.init import without_values

every_network = pytest.mark.parametrize("name", models.names("segmentation"))
a_small_one_of_each = pytest.mark.parametrize("name", SMALL.values())
CLASSES = 3


def built(name: str, image_size: tuple[int, int] = (64, 64), in_channels: int = 3):
    return models.create(name, classes=CLASSES, in_channels=in_channels, image_size=image_size)


def results(y: Tensor | WithAuxiliary) -> list[Tensor]:
    return [y.logits, *y.auxiliary] if isinstance(y, WithAuxiliary) else [y]


def test_a_small_variant_of_every_network_is_tried():
    assert [*SMALL] == models.names("segmentation")
    assert all(models.spec(name).file == models.spec(small).file for name, small in SMALL.items())
    assert not {*SMALL.values()} & {*models.names()}


@every_network
@pytest.mark.parametrize("size", [(64, 64), (97, 81)])
def test_there_is_a_logit_for_each_class_at_each_pixel(name, size):
    with without_values():
        network = built(name, size, in_channels=1)
    assert network.output_shape((2, *size, 1)) == (2, *size, CLASSES)
    assert network.eval().output_shape((1, 160, 65, 1)) == (1, 160, 65, CLASSES)  # built for a window, used on a whole


@a_small_one_of_each
def test_a_pass_gives_what_the_shapes_promise_and_every_parameter_learns_from_it(name, rng):
    network = built(name)
    x = Tensor(rng.standard_normal((2, 65, 70, 3)).astype(np.float32))
    found = results(network(x))
    assert {y.shape for y in found} == {(2, 65, 70, CLASSES)}
    loss = ops.mean(found[0] * found[0])
    for auxiliary in found[1:]:
        loss = loss + ops.mean(auxiliary * auxiliary)
    loss.backward()
    still = [key for key, p in network.named_parameters() if p.grad is None or not np.isfinite(p.grad).all()]
    assert not still


@a_small_one_of_each
def test_made_ready_for_use_it_gives_the_same_logits(name, rng):
    network = built(name).eval()
    x = Tensor(rng.standard_normal((1, 65, 70, 3)).astype(np.float32))
    with no_grad():
        expected, found = network(x).numpy(), Planned(network)(x).numpy()
    # Folding rounds each of some dozens of layers once more.
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-4 * np.abs(expected).max())


@a_small_one_of_each
def test_the_state_goes_round(name):
    one, other = (
        models.create(name, classes=CLASSES, image_size=(64, 64), rng=np.random.default_rng(seed)) for seed in (1, 2)
    )
    other.load_state_dict(one.needed_in_use())
    for key, array in one.needed_in_use().items():
        np.testing.assert_array_equal(other.state_dict()[key], array)


@every_network
def test_an_image_below_the_stride_is_refused_with_the_least_size(name):
    with without_values():
        with pytest.raises(UsageError, match=rf"Images of 2x3 pixels are too small for {name}, which needs") as caught:
            built(name, (2, 3))
        side = int(str(caught.value).partition("--image-size ")[2].partition(")")[0])
        assert built(name, (side, side)).output_shape((1, side, side, 3)) == (1, side, side, CLASSES)


@every_network
def test_it_is_told_for_21_classes_of_voc(name):
    assert models.spec(name).classes == 21 or name.startswith(("unet", "reseg"))
    assert models.spec(name).kind == "segmentation"
