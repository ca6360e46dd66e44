"""The second stage: which regions teach and what, what they cost, and which boxes are found."""

import numpy as np
import pytest

from cnnkit import ops
from cnnkit.autograd import Tensor
from cnnkit.models.detection.detector import EMPTY, BoxBatch
from cnnkit.models.detection.two_stage import LevelAlign, Proposals, RegionHead, RegionPool, dense_look

CLASSES = 3


def batch(*pictures):
    """Boxes (x_min, y_min, x_max, y_max, class) of pictures, in eight places each."""
    corners, labels = np.zeros((len(pictures), 8, 4), np.float32), np.full((len(pictures), 8), EMPTY, np.int64)
    for n, boxes in enumerate(pictures):
        for m, (*box, label) in enumerate(boxes):
            corners[n, m], labels[n, m] = box, label
    return BoxBatch(corners, labels, np.zeros(labels.shape, np.bool_))


def proposals(*pictures, places=6):
    corners, there = np.zeros((len(pictures), places, 4), np.float32), np.zeros((len(pictures), places, 1), np.float32)
    for n, boxes in enumerate(pictures):
        corners[n, : len(boxes)] = np.float32(boxes).reshape(-1, 4)
        there[n, : len(boxes)] = 1
    return Proposals(Tensor(corners), Tensor(there))


def head(rng, **options):
    options = {"shown": 4, **options}
    look = dense_look(2, 3, 8, rng)
    return RegionHead(RegionPool(3, 8), look, 8, CLASSES, rng=rng, **options)


THING = (8, 8, 40, 40)
NEAR, BESIDE, FAR = (8, 10, 40, 42), (30, 30, 62, 62), (48, 0, 64, 20)  # overlaps of 0.88, 0.05 and 0
TRUE = batch([(*THING, 2)], [])
PROPOSED = proposals([NEAR, BESIDE, FAR], [FAR, BESIDE])


def test_regions_that_teach_hold_the_thing_or_ground_and_empty_places_teach_nothing(rng):
    lesson = head(rng, shown=6, share=0.5).lesson(PROPOSED, TRUE)
    assert lesson.rois.shape == (12, 5) and lesson.rois.dtype == np.float32
    first, second = lesson.labels.reshape(2, 6)
    # The thing itself is among the regions, behind what was proposed.
    assert first.tolist() == [3, 0, 0, 3, -1, -1] and second.tolist() == [0, 0, -1, -1, -1, -1]
    np.testing.assert_array_equal(lesson.rois[:4], [[0, *box] for box in (NEAR, BESIDE, FAR, THING)])
    np.testing.assert_array_equal(lesson.rois[6:8], [[1, *box] for box in (FAR, BESIDE)])
    assert (lesson.rois[lesson.labels < 0, 0] == -1).all()


def test_codes_lead_from_a_region_to_its_thing(rng):
    one = head(rng, shown=6, share=0.5)
    lesson = one.lesson(PROPOSED, TRUE)
    found = one.coder.decode(Tensor(lesson.codes), lesson.rois[:, 1:]).numpy()
    # Corners up to 40, two roundings of numbers near 1 behind each.
    np.testing.assert_allclose(found[lesson.labels > 0], [THING, THING], atol=1e-4)
    assert not lesson.codes[lesson.labels <= 0].any()


def test_a_few_are_drawn_and_others_in_the_next_step(rng):
    things = proposals([NEAR] * 20 + [FAR] * 40, places=60)
    one = head(rng, shown=16)
    steps = [one.lesson(things, batch([(*THING, 0)])) for _ in range(2)]
    for lesson in steps:
        assert (lesson.labels == 1).sum() == 4 and (lesson.labels == 0).sum() == 12
    several = proposals([(x, 8, x + 32, 40) for x in range(60)], places=60)
    drawn = [one.lesson(several, batch([(*THING, 0)])).rois for _ in range(2)]
    assert not np.array_equal(*drawn)


def test_ground_may_have_to_cover_a_little_of_a_thing(rng):
    """BESIDE covers 5 %, FAR nothing: neither is 10 %. Where there is no thing at all, ground is what there is."""
    nearly = (24, 24, 56, 56)  # 14 %
    lesson = head(rng, shown=6, share=0.5, ground=0.1).lesson(
        proposals([NEAR, BESIDE, FAR, nearly], [FAR, BESIDE]), TRUE
    )
    first, second = lesson.labels.reshape(2, 6)
    assert first.tolist() == [3, 0, 3, -1, -1, -1] and second.tolist() == [0, 0, -1, -1, -1, -1]
    np.testing.assert_array_equal(lesson.rois[1], [0, *nearly])


@pytest.mark.parametrize("ground", [0.0, 0.1])
def test_a_crowd_is_no_region_and_what_covers_it_teaches_nothing(rng, ground):
    """NEAR covers the crowd by most of itself, BESIDE and FAR do not."""
    true = BoxBatch(TRUE.corners, TRUE.labels, TRUE.labels != EMPTY)
    labels = head(rng, shown=6, ground=ground).lesson(PROPOSED, true).labels.reshape(2, 6)[0]
    assert labels.tolist() == [0, 0, -1, -1, -1, -1]


def test_losses_are_means_over_the_regions_that_teach(rng):
    one = head(rng, shown=6, share=0.5, beta=1 / 9)
    maps = [Tensor(rng.standard_normal((2, 8, 8, 2)).astype(np.float32))]
    lesson = one.lesson(PROPOSED, TRUE)
    one.draws.counter[...] = 0
    score, box = (part.item() for part in one.losses(maps, PROPOSED, TRUE))
    logits, codes = (y.numpy().astype(float) for y in one(maps, Tensor(lesson.rois)))
    shown = lesson.labels >= 0
    minus_log = np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(12), lesson.labels]
    assert score == pytest.approx(minus_log[shown].sum() / 6, rel=1e-5)
    d = np.abs(codes[[0, 3], 3] - lesson.codes[[0, 3]])
    costs = np.where(d < 1 / 9, 4.5 * d * d, d - 1 / 18)
    assert box == pytest.approx(costs.sum() / 6, rel=1e-5)


def test_a_batch_without_things_and_proposals_costs_nothing(rng):
    one = head(rng)
    maps = [Tensor(rng.standard_normal((1, 8, 8, 2)).astype(np.float32))]
    parts = one.losses(maps, proposals([]), batch([]))
    assert [part.item() for part in parts] == [0, 0]
    ops.add(*parts).backward()
    assert all(np.isfinite(parameter.grad).all() for parameter in one.parameters())


class Told(RegionHead):
    """One that was told what to say of the regions (R, 5)."""

    def say(self, logits, codes):
        self.said = Tensor(np.float32(logits)), Tensor(np.float32(codes))
        return self

    def forward(self, maps, rois):
        return self.said


def found(rng, proposed, logits, codes, **options):
    one = Told(RegionPool(3, 8), dense_look(2, 3, 8, rng), 8, CLASSES, shown=4, rng=rng).say(logits, codes)
    options = {"score": 0.3, "iou": 0.5, "places": 4, **options}
    return one.found([], proposed, (64, 64), **options).numpy()


SURE = 9.0


def test_each_class_moves_the_region_and_empty_places_find_nothing(rng):
    logits = np.zeros((2, 1 + CLASSES))
    logits[0, 2] = logits[1, 1] = SURE
    codes = np.zeros((2, 1 + CLASSES, 4))
    codes[0, 2] = 5, 0, 0, 0  # half its width to the right, in tenths
    codes[0, 1] = 9, 9, 9, 9  # of another class
    [image] = found(rng, proposals([(10, 10, 30, 40)], places=2), logits, codes)
    np.testing.assert_allclose(image[0], [20, 10, 40, 40, 1, 1], atol=1e-3)
    assert (image[1:, 5] == EMPTY).all()


def test_boxes_end_with_the_image_and_those_beyond_are_none(rng):
    logits = np.zeros((2, 1 + CLASSES))
    logits[:, 1] = SURE
    codes = np.zeros((2, 1 + CLASSES, 4))
    codes[0, 1, 0], codes[1, 1, 0] = 10, 20  # one width, and two
    [image] = found(rng, proposals([(10, 10, 40, 40), (34, 10, 64, 40)], places=2), logits, codes)
    np.testing.assert_allclose(image[0, :4], [40, 10, 64, 40], atol=1e-3)
    assert (image[1:, 5] == EMPTY).all()


def test_of_two_that_overlap_the_better_stays_unless_they_are_of_two_classes(rng):
    logits = np.zeros((3, 1 + CLASSES))
    logits[0, 1], logits[1, 1], logits[2, 3] = SURE, 2.0, SURE
    [image] = found(rng, proposals([NEAR, THING, THING], places=3), logits, np.zeros((3, 1 + CLASSES, 4)))
    assert sorted(image[image[:, 5] != EMPTY, 5].tolist()) == [0, 2]
    np.testing.assert_allclose(image[image[:, 5] == 0, :4], [NEAR], atol=1e-4)


def test_empty_places_are_of_no_image_for_what_cuts_regions_out():
    rois = PROPOSED.rois().numpy()
    assert rois[:, 0].tolist() == [0, 0, 0, -1, -1, -1, 1, 1, -1, -1, -1, -1]
    np.testing.assert_array_equal(rois[7, 1:], BESIDE)


def test_regions_are_cut_from_the_only_map(rng):
    x = Tensor(rng.standard_normal((2, 8, 8, 2)).astype(np.float32))
    pooled = RegionPool(3, 8)([x], PROPOSED.rois()).numpy()
    np.testing.assert_array_equal(pooled, ops.roi_pool(x, PROPOSED.rois().data, 3, scale=1 / 8).numpy())
    assert pooled[0].any() and not pooled[3].any()


def test_what_is_below_learns_from_both_losses(rng):
    one = RegionHead(LevelAlign(3, (8,)), dense_look(2, 3, 8, rng), 8, CLASSES, shown=4, rng=rng)
    for name in ("score", "box"):
        x = Tensor(rng.standard_normal((2, 8, 8, 2)).astype(np.float32), requires_grad=True)
        one.zero_grad()
        one.draws.counter[...] = 0
        score, box = one.losses([x], PROPOSED, TRUE)
        (score if name == "score" else box).backward()
        learned = {
            path for path, parameter in one.named_parameters() if parameter.grad is not None and parameter.grad.any()
        }
        assert learned == {
            f"{name}.weight",
            f"{name}.bias",
            "look.fc6.weight",
            "look.fc6.bias",
            "look.fc7.weight",
            "look.fc7.bias",
        }
        assert x.grad.any()
