"""Machines and regressions together, on features that say what a proposal shows and how far it is off."""

import numpy as np
import pytest

from cnnkit.errors import DataError
from cnnkit.kernels import cpu
from cnnkit.models.detection.rcnn.heads import Seen, learn

SIZE, CLASSES = (120, 160), 2


def picture(rng, things=2, proposals=60):
    """True boxes that do not overlap, proposals around them and anywhere; features of both."""
    corner = np.stack([np.array([5, 60]) + rng.uniform(0, 10, 2), rng.uniform(5, 40, 2)], axis=1)[:things]
    truth = np.concatenate([corner, corner + rng.uniform(30, 45, (things, 2))], axis=1).astype(np.float32)
    labels = rng.integers(0, CLASSES, things)
    near = np.repeat(truth, proposals // 4, axis=0) + rng.normal(0, 3, (things * (proposals // 4), 4))
    far = rng.uniform(0, 80, (proposals, 2))
    far = np.concatenate([far, far + rng.uniform(20, 60, (proposals, 2))], axis=1)
    corners = np.concatenate([truth, near, far]).astype(np.float32)
    return Seen(features(corners, truth, labels, rng), corners, labels, np.zeros(things, bool))


def features(corners, truth, labels, rng):
    """The overlap with the best box of each class, by how much it should move, and noise."""
    iou = cpu.box_iou(corners, truth) if len(truth) else np.zeros((len(corners), 0))
    shares = [iou[:, labels == label].max(axis=1, initial=0) for label in range(CLASSES)]
    moves = np.zeros((len(corners), 4))
    if len(truth):
        best = truth[iou.argmax(axis=1)]
        moves = np.where(iou.max(axis=1, initial=0)[:, None] > 0.4, (best - corners) / 40, 0)
    return np.concatenate([np.stack(shares, axis=1), moves, rng.normal(0, 0.05, (len(corners), 3))], axis=1).astype(
        np.float32
    )


@pytest.fixture
def pictures(rng):
    return [picture(rng) for _ in range(12)]


def answered(heads, seen, **options):
    m = len(seen.labels)
    return heads.found(seen.features[m:], seen.corners[m:], SIZE, **options)


def test_things_are_found_and_boxes_are_moved_onto_them(pictures, rng):
    heads = learn(pictures, CLASSES, ridge=1e-3, cost=1.0)
    best, plain = [], []
    for seen in [picture(rng) for _ in range(6)]:
        m = len(seen.labels)
        found = answered(heads, seen, places=10)
        assert (np.diff(found[:, 4]) <= 0).all() and found.dtype == np.float32
        for corners, label in zip(seen.corners[:m], seen.labels, strict=True):
            ours = found[(found[:, 5] == label) & (found[:, 4] > 0.5)]
            best.append(cpu.box_iou(corners[None], ours[:, :4].copy()).max())
            plain.append(cpu.box_iou(corners[None], seen.corners[m:]).max())
    assert min(best) > 0.7 and np.mean(best) > np.mean(plain)


def test_an_answer_is_one_box_a_thing_with_empty_places_behind(pictures):
    heads = learn(pictures, CLASSES, ridge=1e-3, cost=1.0)
    found = answered(heads, pictures[0], places=50, score=0.5)
    kept = found[found[:, 5] >= 0]
    assert 1 <= len(kept) <= 4 and (kept[:, 4] > 0.5).all()
    assert (found[len(kept) :] == [0, 0, 0, 0, 0, -1]).all()
    assert kept[:, [0, 1]].min() >= 0 and (kept[:, 2] <= SIZE[1]).all() and (kept[:, 3] <= SIZE[0]).all()


def test_without_a_good_proposal_boxes_stay_where_they_are(pictures):
    coarse = [
        Seen(
            np.concatenate([seen.features[: len(seen.labels)], seen.features[-30:]]),
            np.concatenate([seen.corners[: len(seen.labels)], np.tile(np.float32([150, 110, 155, 115]), (30, 1))]),
            seen.labels,
            seen.crowd,
        )
        for seen in pictures
    ]
    heads = learn(coarse, CLASSES)
    assert heads.regressions == (None, None)
    found = answered(heads, pictures[0], places=500, score=0.0, iou=2.0)
    proposals = {tuple(box) for box in pictures[0].corners[2:]}
    assert {tuple(box) for box in np.clip(found[found[:, 5] >= 0, :4], 0, None)} <= {
        tuple(np.clip(box, 0, [160, 120, 160, 120]).astype(np.float32)) for box in proposals
    }


def test_a_picture_without_things_gives_negatives(pictures, rng):
    empty = picture(rng, things=0)
    with_it, without = (learn([*pictures, *more], CLASSES, cost=1.0) for more in ([empty], []))
    assert not np.array_equal(with_it.machines[0].weights, without.machines[0].weights)


def test_the_same_pictures_give_the_same_bits(pictures):
    one, again = (learn(pictures, CLASSES) for _ in range(2))
    assert answered(one, pictures[3]).tobytes() == answered(again, pictures[3]).tobytes()


def test_a_class_without_things_is_told(pictures):
    with pytest.raises(DataError, match="0 positives"):
        learn(pictures, CLASSES + 1)


def test_features_of_nothing_are_told(pictures):
    blank = [Seen(0 * seen.features, seen.corners, seen.labels, seen.crowd) for seen in pictures]
    with pytest.raises(DataError, match="mean length of 0"):
        learn(blank, CLASSES)
