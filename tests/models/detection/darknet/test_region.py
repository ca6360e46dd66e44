"""The loss of YOLO v2, beside its squares in plain numbers, and how it settles first."""

import numpy as np
import pytest
from test_lessons import HEADS, IMAGE, SIZES, batch
from test_loss import TRUTH, cross_entropy, overlap

from cnnkit.autograd import Tensor
from cnnkit.models.detection.darknet.lessons import lessons
from cnnkit.models.detection.darknet.region import PRIOR, SETTLING, RegionHead, region_losses
from cnnkit.models.detection.darknet.sections import Region

SCALES = {"coord_scale": 2.0, "object_scale": 5.0, "noobject_scale": 1.5, "class_scale": 0.7}


def head(**options):
    """The finer of the heads, as a region; small boxes and large ones are all its own."""
    layer = Region(classes=3, num=2, thresh=0.1, **{**SCALES, **options})
    return RegionHead(layer, HEADS[1].anchors, HEADS[1].stride)


def numbers(rng):
    return Tensor(rng.standard_normal((2, *SIZES[1], 2 * 8)).astype(np.float32))


def settled(region):
    region.seen[:] = SETTLING
    return region


def sigmoid(t):
    return 1 / (1 + np.exp(-t))


def plain(region, map_, truth, prior):
    """The three sums, anchor by anchor."""
    layer = region.layer
    (lesson,) = lessons([region], SIZES[1:], IMAGE, truth)
    corners = region(map_)[0].numpy().reshape(2, *SIZES[1], 2, 4)
    t = map_.numpy().astype(np.float64).reshape(2, *SIZES[1], 2, 8)
    box = sure = likely = 0.0
    for place in np.ndindex(t.shape[:4]):
        n, y, x, b = place
        middle, confidence = sigmoid(t[place][:2]), sigmoid(t[place][4])
        there = truth.corners[n][truth.labels[n] >= 0]
        if lesson.responsible[place][0]:
            off = np.square(middle - lesson.middle[place]).sum() + np.square(t[place][2:4] - lesson.size[place]).sum()
            box += layer.coord_scale * lesson.weight[place][0] * off / 2
            stride, anchor = np.array(region.stride), np.array(region.anchors[b])
            centre = (lesson.middle[place] + (x, y)) * stride
            half = np.exp(lesson.size[place]) * anchor / 2
            taught = overlap(corners[place], (*(centre - half), *(centre + half))) if layer.rescore else 1
            sure += layer.object_scale * (confidence - taught) ** 2 / 2
            if layer.softmax:
                scores = np.exp(t[place][5:]) / np.exp(t[place][5:]).sum()
                likely -= (lesson.classes[place] * np.log(scores)).sum()
            else:
                likely += cross_entropy(t[place][5:], lesson.classes[place]).sum()
            continue
        if prior:
            box += PRIOR * (np.square(middle - 0.5).sum() + np.square(t[place][2:4]).sum()) / 2
        if max(overlap(corners[place], other) for other in there) <= layer.thresh:
            sure += layer.noobject_scale * confidence**2 / 2
    return box / 2, sure / 2, layer.class_scale * likely / 2


@pytest.mark.parametrize(("softmax", "rescore", "prior"), [(True, True, False), (False, False, True)])
def test_the_loss_is_the_sum_over_anchors(rng, softmax, rescore, prior):
    """Float32 sums of about a hundred terms beside float64."""
    region, map_ = head(softmax=softmax, rescore=rescore), numbers(rng)
    found = region_losses([(region if prior else settled(region), map_)], IMAGE, TRUTH)
    assert [*found] == ["loss_box", "loss_object", "loss_class"]
    wanted = plain(region, map_, TRUTH, prior)
    np.testing.assert_allclose([float(part.numpy()) for part in found.values()], wanted, rtol=1e-5)


def test_it_settles_for_12_800_pictures_and_a_state_keeps_how_many_there_were(rng):
    region, map_ = head(), numbers(rng)
    region.seen[:] = SETTLING - 2
    early = region_losses([(region, map_)], IMAGE, TRUTH)["loss_box"]
    assert region.state_dict()["seen"].tolist() == [SETTLING]
    late = region_losses([(region, map_)], IMAGE, TRUTH)["loss_box"]
    assert float(early.numpy()) > float(late.numpy())
    assert region.state_dict()["seen"].tolist() == [SETTLING]
    assert not region.needed_in_use()


def test_what_is_taught_does_not_learn_and_the_rest_has_the_slope_of_its_square(rng):
    """The confidence of an anchor that answers: 5 · (σ - overlap) · σ', of the overlap as it is."""
    region, map_ = settled(head(rescore=True, softmax=True)), numbers(rng)
    map_.requires_grad = True
    region_losses([(region, map_)], IMAGE, TRUTH)["loss_object"].backward()
    slopes = map_.grad.reshape(2, *SIZES[1], 2, 8)
    assert not slopes[..., :4].any() and not slopes[..., 5:].any()
    (lesson,) = lessons([region], SIZES[1:], IMAGE, TRUTH)
    place = tuple(np.argwhere(lesson.responsible[..., 0])[0])
    confidence = sigmoid(map_.numpy().reshape(slopes.shape)[place][4])
    taught = confidence - slopes[place][4] * 2 / (5 * confidence * (1 - confidence))
    assert -1e-4 <= taught <= 1
    step = map_.numpy().copy()
    step.reshape(slopes.shape)[place][4] += 1e-2
    before, after = (
        float(region_losses([(region, Tensor(x))], IMAGE, TRUTH)["loss_object"].numpy()) for x in (map_.numpy(), step)
    )
    # A difference of two float32 numbers near 20 is good to some 1e-6, and the square bends by 1e-2.
    assert (after - before) / 1e-2 == pytest.approx(slopes[place][4], abs=1e-2)


def test_pictures_without_boxes_teach_that_there_are_none(rng):
    map_ = numbers(rng)
    found = region_losses([(settled(head()), map_)], IMAGE, batch([], []))
    confidence = sigmoid(map_.numpy().astype(np.float64).reshape(2, -1, 8)[..., 4])
    np.testing.assert_allclose(float(found["loss_object"].numpy()), 1.5 * np.square(confidence).sum() / 4, rtol=1e-5)
    assert float(found["loss_box"].numpy()) == float(found["loss_class"].numpy()) == 0
