"""Faster R-CNN: fixed places, both stages learn, the same bits whoever computes."""

import numpy as np
import pytest

from cnnkit import kernels, models, optim
from cnnkit.autograd import Tensor, no_grad
from cnnkit.errors import UsageError
from cnnkit.models.detection.detector import EMPTY, BoxBatch
from cnnkit.models.detection.faster_rcnn import FasterRCNN

SMALL = [("faster_rcnn_nano_x0_25", 64), ("faster_rcnn_vgg16_x0_06", 64), ("faster_rcnn_vgg16_bn_x0_03", 64)]


def network(name, size, rng):
    return models.create(name, classes=3, in_channels=1, image_size=size, rng=rng)


def batch(*pictures):
    """Boxes of pictures, in eight places each; classes are told in turn."""
    corners, labels = np.zeros((len(pictures), 8, 4), np.float32), np.full((len(pictures), 8), EMPTY, np.int64)
    for n, boxes in enumerate(pictures):
        corners[n, : len(boxes)] = np.float32(boxes).reshape(-1, 4)
        labels[n, : len(boxes)] = np.arange(len(boxes)) % 3
    return BoxBatch(corners, labels, np.zeros(labels.shape, np.bool_))


def images(rng, size, count=2):
    return Tensor(rng.random((count, *size, 1)).astype(np.float32))


@pytest.mark.parametrize(("name", "side"), SMALL)
def test_families_give_boxes_in_fixed_places(name, side, rng):
    size = (side, side + 32)
    one = network(name, size, rng).eval()
    assert isinstance(one, FasterRCNN)
    with no_grad():
        found = one(images(rng, size)).numpy()
    assert found.shape == (2, one.places, 6) == one.output_shape((2, *size, 1))
    assert (np.diff(found[..., 4], axis=1) <= 0).all()
    assert set(np.unique(found[..., 5])) <= {EMPTY, 0, 1, 2}
    corners = found[..., :4]
    assert (corners >= 0).all() and (corners <= np.float32([*size[::-1]] * 2)).all()


@pytest.mark.parametrize(("name", "side"), SMALL)
def test_all_that_a_network_has_learns_from_a_batch(name, side, rng):
    one = network(name, (side, side), rng).train()
    parts = one.losses(images(rng, (side, side)), batch([(5, 5, 25, 30), (20, 10, 60, 60)], []))
    assert set(parts) == {"loss_box", "loss_class", "loss_object", "loss_proposal"}
    assert all(part.item() > 0 for part in parts.values())
    first, *rest = parts.values()
    sum(rest, first).backward()
    for path, parameter in one.named_parameters():
        assert parameter.grad is not None and np.isfinite(parameter.grad).all() and parameter.grad.any(), path


def test_on_vgg16_it_has_the_layers_of_the_paper():
    """13 convolutions, the 3x3 of proposals and nine logits and codes; fc6 on 7x7 bins, fc7; 21 classes and boxes."""
    vgg = 14_714_688
    rpn = (9 * 512 + 1) * 512 + 513 * 9 + 513 * 36
    dense = (49 * 512 + 1) * 4096 + 4097 * 4096
    told = models.summary("faster_rcnn_vgg16")
    assert told.parameters == vgg + rpn + dense + 4097 * 21 + 4097 * 84 == 137_073_622
    assert told.input == (600, 600, 3)
    shapes = {row.name: row.output for row in told.layers}
    assert shapes["rpn.conv"] == (37, 37, 512) and shapes["head.pool"] == (300, 7, 7, 512)


def test_pictures_without_boxes_teach_that_there_is_nothing(rng):
    one = network("faster_rcnn_nano_x0_25", (64, 64), rng).train()
    parts = {name: part.item() for name, part in one.losses(images(rng, (64, 64)), batch([], [])).items()}
    assert parts["loss_box"] == parts["loss_proposal"] == 0 < min(parts["loss_class"], parts["loss_object"])


def test_a_step_follows_from_the_seed_and_its_number(rng):
    x, true = images(rng, (64, 64)), batch([(5, 5, 25, 30)], [(20, 10, 60, 60)])

    def steps(count):
        one = network("faster_rcnn_nano_x0_25", (64, 64), np.random.default_rng(3)).train()
        return [[part.item() for part in one.losses(x, true).values()] for _ in range(count)]

    first, second = steps(2)
    assert first != second and steps(2) == [first, second]


def test_training_and_answers_have_the_same_bits_for_any_number_of_threads():
    def trained(threads):
        rng = np.random.default_rng(0)
        x, true = images(rng, (64, 64)), batch([(5, 5, 25, 30)], [(20, 10, 60, 60), (1, 2, 30, 20)])
        one = network("faster_rcnn_nano_x0_25", (64, 64), rng)
        optimiser = optim.SGD(one.parameters(), lr=0.05, momentum=0.9)
        with kernels.use(threads=threads):
            for _ in range(2):
                optimiser.zero_grad()
                first, *rest = one.train().losses(x, true).values()
                sum(rest, first).backward()
                optimiser.step()
            with no_grad():
                return {**one.state_dict(), "found": one.eval()(x).numpy()}

    alone, shared = trained(1), trained(3)
    for name, array in alone.items():
        np.testing.assert_array_equal(array, shared[name], err_msg=name)


def test_images_that_are_too_small_are_refused():
    with pytest.raises(UsageError, match="leaves nothing"):
        models.create("faster_rcnn_nano", classes=3, in_channels=1, image_size=(15, 64))
