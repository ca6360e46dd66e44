"""Fast R-CNN: it looks where it is told and nowhere else, and all of it learns."""

import numpy as np
import pytest

from cnnkit import models
from cnnkit.autograd import Tensor, no_grad
from cnnkit.errors import UsageError
from cnnkit.models.detection.detector import EMPTY, BoxBatch
from cnnkit.models.detection.fast_rcnn import FastRCNN, whole_images
from cnnkit.nn.init import without_values

NAME, SIDE = "fast_rcnn_vgg11_bn_x0_125", 64


@pytest.fixture
def network(rng):
    one = models.create(NAME, classes=3, in_channels=3, image_size=(SIDE, SIDE), rng=rng)
    assert isinstance(one, FastRCNN)
    one.proposed = 20  # so that a test takes no time
    return one


def images(rng, count=2):
    return Tensor(rng.normal(0, 1, (count, SIDE, SIDE, 3)).astype(np.float32))


def proposals(rng, count=2, there=12):
    """(count, 20, 4), of which so many places hold something."""
    corners = np.zeros((count, 20, 4), np.float32)
    first = rng.uniform(0, SIDE - 24, (count, there, 2))
    corners[:, :there] = np.concatenate([first, first + rng.uniform(8, 24, (count, there, 2))], axis=2)
    return corners


def batch(corners, given):
    labels = np.full((len(corners), 8), EMPTY, np.int64)
    places = np.zeros((len(corners), 8, 4), np.float32)
    for n, boxes in enumerate(corners):
        places[n, : len(boxes)], labels[n, : len(boxes)] = np.float32(boxes).reshape(-1, 4), np.arange(len(boxes)) % 3
    return BoxBatch(places, labels, np.zeros(labels.shape, bool), given)


@pytest.mark.parametrize(
    ("name", "side", "channels", "stride", "hidden"),
    [
        ("fast_rcnn", 480, 512, 16, 4096),
        ("fast_rcnn", 320, 512, 8, 4096),
        ("fast_rcnn_nano", 320, 128, 8, 256),
        ("fast_rcnn_nano", 64, 64, 4, 64),
        ("fast_rcnn_resnet18", 480, 256, 16, 1024),
    ],
)
def test_it_looks_at_the_last_map_that_is_fine_enough_for_the_image(name, side, channels, stride, hidden):
    with without_values():
        one = models.create(name, classes=3, in_channels=3, image_size=(side, side))
    assert [*one.body.channels.values()] == [channels] and [*one.body.strides.values()] == [stride]
    assert one.head.pool.stride == stride and one.head.score.weight.shape == (hidden, 4)


def test_boxes_come_in_fixed_places_and_only_of_what_was_proposed(network, rng):
    network.eval()
    x, given = images(rng), proposals(rng)
    given[1] = 0
    with no_grad():
        found = network(x, given).numpy()
    assert found.shape == (2, network.places, 6) == network.output_shape((2, SIDE, SIDE, 3))
    assert (found[0, :, 5] >= 0).any() and (found[1, :, 5] == EMPTY).all()
    assert (np.diff(found[..., 4], axis=1) <= 0).all()
    corners = found[..., :4]
    assert corners.min() >= 0 and corners.max() <= SIDE


def test_without_proposals_the_image_is_the_only_one(network, rng):
    network.eval()
    x = images(rng)
    with no_grad():
        np.testing.assert_array_equal(network(x).numpy(), network(x, whole_images(x, network.proposed)).numpy())


def test_empty_places_change_nothing(network, rng):
    network.eval()
    x, given = images(rng), proposals(rng, there=5)
    with no_grad():
        np.testing.assert_array_equal(network(x, given).numpy(), network(x, given[:, :5].copy()).numpy())


def test_all_that_it_has_learns_from_a_batch(network, rng):
    given = proposals(rng)
    parts = network.train().losses(images(rng), batch([given[0, :2], []], given))
    assert set(parts) == {"loss_box", "loss_class"} and all(part.item() > 0 for part in parts.values())
    sum(parts.values()).backward()
    for path, parameter in network.named_parameters():
        assert parameter.grad is not None and np.isfinite(parameter.grad).all() and parameter.grad.any(), path


def test_a_batch_without_boxes_and_without_proposals_teaches_that_there_is_nothing(network, rng):
    parts = network.train().losses(images(rng), batch([[], []], None))
    assert parts["loss_class"].item() > 0 and parts["loss_box"].item() == 0


def test_what_is_no_classifier_or_no_sequence_of_layers_is_no_trunk():
    with pytest.raises(UsageError, match="There is no model 'nonsense'"):
        models.spec("fast_rcnn_nonsense")
    with pytest.raises(UsageError, match="googlenet is no sequence of layers"):
        models.create("fast_rcnn_googlenet", classes=3, in_channels=3, image_size=(64, 64))
