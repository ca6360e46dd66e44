"""R-CNN: crops are tuned on, then machines and regressions are solved, whatever piece a training is ended at."""

import numpy as np
import pytest

from cnnkit import models
from cnnkit.autograd import Tensor, no_grad
from cnnkit.errors import ResourceError
from cnnkit.graph import Planned
from cnnkit.models.detection.detector import EMPTY, BoxBatch
from cnnkit.models.detection.rcnn.network import RCNN
from cnnkit.models.detection.rcnn.settling import SOME

SIDE, PLACES = 64, 24


class Kept:
    """In memory."""

    def __init__(self):
        self.arrays = {}

    def take(self, name):
        return self.arrays.get(name)

    def keep(self, name, arrays):
        self.arrays[name] = {key: np.array(array) for key, array in arrays.items()}


@pytest.fixture
def network():
    one = models.create("rcnn_lenet5", classes=2, in_channels=1, image_size=(SIDE, SIDE), rng=np.random.default_rng(3))
    assert isinstance(one, RCNN) and one.side == 28
    one.proposed = PLACES  # so that a test takes no time
    return one


def picture(rng):
    """Bright and dark squares on grey, and proposals around them and elsewhere."""
    image = rng.normal(0, 0.1, (SIDE, SIDE, 1)).astype(np.float32)
    corners, labels = np.zeros((1, 8, 4), np.float32), np.full((1, 8), EMPTY, np.int64)
    for place, (label, left) in enumerate(((0, 4), (1, 36))):
        top, side = int(rng.integers(4, 40)), int(rng.integers(14, 22))
        image[top : top + side, left : left + side] = 2 - 4 * label
        corners[0, place], labels[0, place] = (left, top, left + side, top + side), label
    proposals = np.zeros((1, PLACES, 4), np.float32)
    proposals[0, :8] = np.repeat(corners[0, :2], 4, axis=0) + rng.normal(0, 1.5, (8, 4))
    first = rng.uniform(0, 40, (12, 2))
    proposals[0, 8:20] = np.concatenate([first, first + rng.uniform(8, 22, (12, 2))], axis=1)
    return image, BoxBatch(corners, labels, np.zeros(labels.shape, bool), np.clip(proposals, 0, SIDE))


def pictures(rng, count=6):
    return [picture(rng) for _ in range(count)]


def together(some):
    images, batches = zip(*some, strict=True)
    parts = ("corners", "labels", "crowd", "proposals")
    return Tensor(np.stack(images)), BoxBatch(*(np.concatenate([getattr(b, part) for b in batches]) for part in parts))


def settled(network, some, kept=None):
    return list(network.eval().settle(some, Kept() if kept is None else kept))


def test_the_classifier_learns_from_crops_of_regions_that_are_drawn(network, rng):
    x, targets = together(pictures(rng))
    parts = network.train().losses(x, targets)
    assert set(parts) == {"loss_class"} and parts["loss_class"].item() > 0
    parts["loss_class"].backward()
    for path, parameter in network.named_parameters():
        assert parameter.grad is not None and parameter.grad.any(), path
    # Others are drawn for the next step.
    assert network.losses(x, targets)["loss_class"].item() != parts["loss_class"].item()


def test_pictures_without_boxes_and_without_proposals_teach_nothing(network, rng):
    x, _ = together(pictures(rng, 2))
    nothing = BoxBatch(np.zeros((2, 8, 4), np.float32), np.full((2, 8), EMPTY, np.int64), np.zeros((2, 8), bool))
    assert network.train().losses(x, nothing)["loss_class"].item() == 0


def test_before_it_is_settled_its_own_scores_answer_and_afterwards_its_machines(network, rng):
    some = pictures(rng)
    x, targets = together(some)
    with no_grad():
        before = network.eval()(x, targets.proposals).numpy()
        assert not network.heads.settled
        settled(network, some)
        after = network(x, targets.proposals).numpy()
    assert network.heads.settled and before.shape == after.shape == (6, network.places, 6)
    for found in (before, after):
        assert (np.diff(found[..., 4], axis=1) <= 0).all() and (found[..., 5] >= 0).any()
        assert found[..., :4].min() >= 0 and found[..., :4].max() <= SIDE
    # Even on first weights, features of bright and of dark squares lie apart.
    best = after[:, 0]
    for n, (corners, label) in enumerate(zip(best[:, :4], best[:, 5], strict=True)):
        true = targets.corners[n, int(label)]
        shared = np.prod(np.clip(np.minimum(corners[2:], true[2:]) - np.maximum(corners[:2], true[:2]), 0, None))
        assert shared > 0.5 * np.prod(true[2:] - true[:2])


def test_empty_places_are_not_found_and_the_image_is_the_only_proposal_where_none_are_given(network, rng):
    some = pictures(rng)
    settled(network, some)
    x, targets = together(some)
    with no_grad():
        assert (network(x, np.zeros_like(targets.proposals)).numpy()[..., 5] == EMPTY).all()
        assert network(x).shape == network.output_shape(x.shape)


def test_its_phases_are_told_piece_by_piece(network, rng):
    pieces = settled(network, pictures(rng))
    told = [(piece.phase.split(":")[0], piece.done, piece.total) for piece in pieces]
    assert told == [
        *(("features of proposals", n, 6) for n in range(1, 7)),
        ("support vector machine", 1, 2),
        ("support vector machine", 2, 2),
        ("box regression", 1, 2),
        ("box regression", 2, 2),
    ]
    assert settled(network, pictures(rng)) == []


def test_ended_behind_any_piece_it_goes_on_to_the_same_heads(network, rng, monkeypatch):
    monkeypatch.setattr("cnnkit.models.detection.rcnn.settling.SOME", 2)
    assert SOME > 6
    some = pictures(rng)
    before = {name: np.array(array) for name, array in network.state_dict().items()}
    count = len(settled(network, some))
    wanted = network.state_dict()
    kept = Kept()
    for end in range(1, count):
        network.load_state_dict(before)
        for _ in zip(range(end), network.settle(some, kept), strict=False):
            pass
    assert {name.split("-")[0] for name in kept.arrays} == {"features", "machine", "regression"}
    network.load_state_dict(before)
    settled(network, some, kept)
    for name, array in network.state_dict().items():
        np.testing.assert_array_equal(array, wanted[name], err_msg=name)


def test_a_class_of_which_nothing_is_shown_is_never_found(network, rng):
    some = [
        (image, BoxBatch(b.corners, np.where(b.labels == 1, EMPTY, b.labels), b.crowd, b.proposals))
        for image, b in pictures(rng)
    ]
    settled(network, some)
    x, targets = together(some)
    with no_grad():
        assert set(network(x, targets.proposals).numpy()[..., 5].ravel()) == {EMPTY, 0}


def test_made_ready_for_use_it_answers_as_before(network, rng):
    some = pictures(rng)
    settled(network, some)
    x, targets = together(some)
    with no_grad():
        np.testing.assert_allclose(
            Planned(network)(x, targets.proposals).numpy(), network(x, targets.proposals).numpy(), rtol=0, atol=1e-5
        )


def test_features_for_which_there_is_no_room_are_refused(network, rng, monkeypatch):
    monkeypatch.setattr("cnnkit.models.detection.rcnn.settling.available_memory", lambda: 50_000)
    with pytest.raises(ResourceError, match=r"features of all proposals of 6 pictures take about 0 MB, but 0 MB"):
        settled(network, pictures(rng))
