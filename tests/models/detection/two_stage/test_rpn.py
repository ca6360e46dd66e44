"""The first stage: what is proposed, and what anchors learn."""

import numpy as np
import pytest

from cnnkit import ops
from cnnkit.autograd import Tensor
from cnnkit.models.detection.detector import EMPTY, BoxBatch
from cnnkit.models.detection.parts import RegionAnchors, matched
from cnnkit.models.detection.two_stage import Kept, RegionProposalNetwork

SIZE = (32, 48)
ANCHORS = RegionAnchors(sizes=((8,), (16,)), ratios=((1,), (1,)))
GRIDS = ((4, 6), (2, 3))
FEW = Kept(looked=5, places=4)


def network(rng, **options):
    options = {"in_use": FEW, "in_training": Kept(30, 30), "shown": 8, **options}
    return RegionProposalNetwork(3, ANCHORS, rng=rng, **options)


def maps(rng, images=2):
    return [Tensor(rng.standard_normal((images, *grid, 3)).astype(np.float32)) for grid in GRIDS]


def proposed(rng, logits, codes=None, **options):
    """Of one image whose 24 and 6 anchors were told this."""
    one = network(rng, **options).eval()
    told = np.float32(logits).reshape(1, 30, 1), np.zeros((1, 30, 4), np.float32) if codes is None else codes
    found = one.proposed(maps(rng, 1), *map(Tensor, told), SIZE)
    return found.corners.numpy()[0], found.there.numpy()[0, :, 0]


def test_the_best_of_all_maps_are_proposed_in_order(rng):
    logits = np.full(30, -9.0)
    logits[[8, 26, 20]] = 3, 5, -2  # (1, 2) and (3, 2) of the first map, (0, 2) of the second
    corners, there = proposed(rng, logits)
    np.testing.assert_array_equal(corners[:3], [[24, 0, 40, 8], [12, 4, 20, 12], [12, 20, 20, 28]])
    assert there.tolist() == [1, 1, 1, 1]


def test_boxes_of_one_map_suppress_each_other_and_those_of_another_not(rng):
    codes = np.zeros((1, 30, 4), np.float32)
    codes[0, 9, 0] = -0.9  # most of its width to the left: nearly the anchor before
    codes[0, 24] = 1.5, 0.5, np.log(0.5), np.log(0.5)  # of the second map, likewise there
    logits = np.full(30, -9.0)
    logits[[8, 9, 24]] = 5, 4, 3
    corners, _ = proposed(rng, logits, codes, iou=0.5)
    assert corners[0].tolist() == [12, 4, 20, 12]
    np.testing.assert_allclose(corners[1], [20, 4, 28, 12], atol=1e-4)


def test_what_ends_beyond_the_image_is_cut_and_what_lies_beyond_is_none(rng):
    codes = np.zeros((1, 30, 4), np.float32)
    codes[0, 0, 0] = -2
    logits = np.full(30, -9.0)
    logits[[0, 1]] = 5, 4
    corners, there = proposed(rng, logits, codes)
    assert corners[0].tolist() == [4, 0, 12, 4] and there.all()


def test_there_may_be_fewer_than_places_above_a_score(rng):
    logits = np.full(30, -9.0)
    logits[[8, 26, 20]] = 3, 5, 0  # a probability of one half
    for score, count in ((0.0, 4), (0.49, 3), (0.51, 2), (0.999, 0)):
        corners, there = proposed(rng, logits, score=score)
        assert there.tolist() == [1] * count + [0] * (4 - count) and not corners[count:].any()


def test_in_training_more_go_on(rng):
    one, x = network(rng), maps(rng)
    assert one.train().proposed(x, *one(x), SIZE).corners.shape == (2, 30, 4)
    assert one.eval().proposed(x, *one(x), SIZE).corners.shape == (2, 4, 4)


def test_of_each_map_so_many_are_looked_at(rng):
    """All of the first map are better than those of the second, but five of each go on."""
    logits = np.concatenate([np.linspace(9, 8, 24), np.linspace(2, 1, 6)])
    corners, there = proposed(rng, logits, in_use=Kept(looked=3, places=30))
    assert there.sum() == 6
    assert (corners[:3, 2:] - corners[:3, :2]).max() == 8 and (corners[3:6, 2] - corners[3:6, 0]).min() >= 8


TRUE = BoxBatch(
    np.float32([[[12, 4, 20, 13]] + [[0] * 4] * 7, [[0] * 4] * 8]),
    np.int64([[2] + [EMPTY] * 7, [EMPTY] * 8]),
    np.zeros((2, 8), np.bool_),
)


def test_losses_are_means_over_the_anchors_that_were_drawn(rng):
    one, x = network(rng, shown=60), maps(rng)  # all of them
    logits, codes = one(x)
    anchors = one.laid(x, SIZE)
    places = matched(TRUE, anchors, high=0.7, low=0.3, rescue="all")
    assert np.flatnonzero(places[0] >= 0).tolist() == [8] and (places[1] < 0).all()
    z, t = logits.numpy()[..., 0].astype(float), places >= 0
    taught = places >= -1
    thing, box = (part.item() for part in one.losses(x, logits, codes, SIZE, TRUE))
    assert thing == pytest.approx((np.log1p(np.exp(z)) - t * z)[taught].sum() / taught.sum(), rel=1e-5)
    d = np.abs(codes.numpy()[0, 8] - one.coder.encode(TRUE.corners[0, :1], anchors[8:9])[0])
    assert box == pytest.approx(np.where(d < 1 / 9, 4.5 * d * d, d - 1 / 18).sum() / taught.sum(), rel=1e-4)


def test_each_step_draws_other_anchors(rng):
    one, x = network(rng), maps(rng)
    told = one(x)
    steps = [one.losses(x, *told, SIZE, TRUE)[0].item() for _ in range(3)]
    assert len(set(steps)) == 3
    one.draws.counter[...] = 0
    assert one.losses(x, *told, SIZE, TRUE)[0].item() == steps[0]


def test_nothing_is_learned_through_proposals_but_all_learns(rng):
    one, x = network(rng), maps(rng)
    logits, codes = one(x)
    assert not one.proposed(x, logits, codes, SIZE).corners.requires_grad
    ops.add(*one.losses(x, logits, codes, SIZE, TRUE)).backward()
    assert all(parameter.grad is not None and parameter.grad.any() for parameter in one.parameters())
