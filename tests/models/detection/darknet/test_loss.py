"""The loss of YOLO v3, beside the formula in plain numbers."""

import numpy as np
from test_lessons import HEADS, IMAGE, SIZES, batch

from cnnkit import ops
from cnnkit.autograd import Tensor
from cnnkit.models.detection.darknet.head import BoxHead
from cnnkit.models.detection.darknet.lessons import lessons
from cnnkit.models.detection.darknet.loss import yolo_losses

TRUTH = batch([(0, 0, 90, 60, 0), (31, 17, 49, 25, 2)], [(3, 5, 12, 26, 1)])


def maps(rng, heads=HEADS, dtype=np.float32):
    widths = [len(head.anchors) * (5 + head.classes) for head in heads]
    return [
        Tensor(rng.standard_normal((2, *size, width)).astype(dtype)) for size, width in zip(SIZES, widths, strict=True)
    ]


def cross_entropy(t, truth):
    return np.log1p(np.exp(t)) - truth * t


def at_its_best(truth):
    return cross_entropy(np.log(truth / (1 - truth)), truth)


def overlap(a, b):
    w, h = (min(a[2 + axis], b[2 + axis]) - max(a[axis], b[axis]) for axis in (0, 1))
    both = max(w, 0) * max(h, 0)
    return both / sum([(c[2] - c[0]) * (c[3] - c[1]) for c in (a, b)], -both)


def plain(numbers, heads, truth):
    """The three sums, anchor by anchor."""
    taught = lessons(heads, SIZES, IMAGE, truth)
    box = is_object = is_class = 0.0
    for head, map_, lesson in zip(heads, numbers, taught, strict=True):
        corners = head(map_)[0].numpy()
        N, GH, GW, _ = map_.shape
        t = map_.numpy().astype(np.float64).reshape(N, GH, GW, len(head.anchors), -1)
        for number, place in enumerate(np.ndindex(t.shape[:4])):
            answers = lesson.responsible[place][0]
            if answers:
                far = cross_entropy(t[place][:2], lesson.middle[place]) - at_its_best(lesson.middle[place])
                far += (t[place][2:4] - lesson.size[place]) ** 2 / 2
                box += lesson.weight[place][0] * far.sum()
            mine = corners[place[0], number % (GH * GW * len(head.anchors))]
            there = truth.corners[place[0]][truth.labels[place[0]] >= 0]
            if answers or max(overlap(mine, other) for other in there) <= head.ignore:
                is_object += cross_entropy(t[place][4], answers)
            if answers:
                is_class += cross_entropy(t[place][5:], lesson.classes[place]).sum()
    return box / 2, is_object / 2, is_class / 2


def test_the_loss_is_the_sum_over_anchors(rng):
    """Float32 sums of about a hundred terms beside float64. Some anchors are left out, as they overlap a true box."""
    heads = [BoxHead(head.anchors, 3, head.stride, ignore=0.1) for head in HEADS]
    numbers = maps(rng)
    parts = yolo_losses(list(zip(heads, numbers, strict=True)), IMAGE, TRUTH)
    assert [*parts] == ["loss_box", "loss_object", "loss_class"]
    wanted = plain(numbers, heads, TRUTH)
    np.testing.assert_allclose([float(part.numpy()) for part in parts.values()], wanted, rtol=1e-5)
    all_count = [BoxHead(head.anchors, 3, head.stride, ignore=1.0) for head in HEADS]
    whole = yolo_losses(list(zip(all_count, numbers, strict=True)), IMAGE, TRUTH)["loss_object"]
    assert float(whole.numpy()) > 1.001 * wanted[1]


def test_gradients_are_the_differences_to_the_truth(rng):
    """Of BCE σ(t) - truth, of half a square t - truth: in each of the numbers of an anchor that answers."""
    numbers = maps(rng)
    for map_ in numbers:
        map_.requires_grad = True
    parts = yolo_losses(list(zip(HEADS, numbers, strict=True)), IMAGE, TRUTH)
    (parts["loss_box"] + parts["loss_object"] + parts["loss_class"]).backward()
    lesson = lessons(HEADS, SIZES, IMAGE, TRUTH)[1]
    place = (0, 1, 2, 1)
    t = numbers[1].numpy().reshape(2, 4, 6, 2, 8)[place]
    found = numbers[1].grad.reshape(2, 4, 6, 2, 8)[place]
    sigmoid = 1 / (1 + np.exp(-t))
    weight = lesson.weight[place]
    wanted = np.concatenate(
        [
            weight * (sigmoid[:2] - lesson.middle[place]),
            weight * (t[2:4] - lesson.size[place]),
            sigmoid[4:5] - 1,
            sigmoid[5:] - lesson.classes[place],
        ]
    )
    np.testing.assert_allclose(found, wanted / 2, rtol=0, atol=1e-6)


def test_pictures_without_boxes_teach_that_there_are_none(rng):
    numbers = maps(rng)
    parts = yolo_losses(list(zip(HEADS, numbers, strict=True)), IMAGE, batch([], []))
    wanted = sum(cross_entropy(map_.numpy().reshape(2, -1, 8)[..., 4], 0).sum() for map_ in numbers) / 2
    np.testing.assert_allclose(float(parts["loss_object"].numpy()), wanted, rtol=1e-5)
    assert float(parts["loss_box"].numpy()) == float(parts["loss_class"].numpy()) == 0


def test_a_box_that_no_one_is_asked_for_is_still_no_place_to_say_none(rng):
    """An anchor on a crowd is not told that there is nothing."""
    head = BoxHead(((16.0, 16.0),), 1, (16.0, 16.0))
    numbers = Tensor(np.zeros((1, 4, 6, 6), np.float32))  # each cell's box is the cell
    crowd = batch([(16, 16, 32, 32, 0)], crowd=[(0, 0)])
    some = yolo_losses([(head, numbers)], IMAGE, crowd)["loss_object"]
    np.testing.assert_allclose(float(some.numpy()), 23 * np.log(2), rtol=1e-6)
    # Each of six cells lies in this one altogether, and overlaps it by a sixth.
    large = batch([(16, 16, 64, 48, 0)], crowd=[(0, 0)])
    some = yolo_losses([(head, numbers)], IMAGE, large)["loss_object"]
    np.testing.assert_allclose(float(some.numpy()), 18 * np.log(2), rtol=1e-6)
    assert ops.sum(numbers).numpy() == 0


def test_the_loss_of_a_box_ends_at_0():
    """The numbers that the lesson asks for: each anchor that answers says its box exactly."""
    numbers = []
    for head, lesson in zip(HEADS, lessons(HEADS, SIZES, IMAGE, TRUTH), strict=True):
        t = np.zeros((*lesson.size.shape[:4], 5 + head.classes), np.float32)
        middle = lesson.middle.clip(1e-6, 1 - 1e-6)
        t[..., :2], t[..., 2:4] = np.log(middle / (1 - middle)), lesson.size
        numbers.append(Tensor(t.reshape(*t.shape[:3], -1)))
    loss = yolo_losses(list(zip(HEADS, numbers, strict=True)), IMAGE, TRUTH)["loss_box"]
    np.testing.assert_allclose(float(loss.numpy()), 0, rtol=0, atol=1e-6)
