"""YOLO v1's grid of cells: its boxes, and its loss beside the sums of the paper."""

import math

import numpy as np
import pytest
from test_lessons import batch

from cnnkit.autograd import Tensor
from cnnkit.models.detection.darknet.grid import GridHead, grid_losses
from cnnkit.models.detection.darknet.sections import Detection

IMAGE = (64, 96)
S, B, K = 2, 3, 2
PAPER = {"sqrt": True, "rescore": True, "coord_scale": 5.0, "noobject_scale": 0.5}
# Cells are 48 wide and 32 high. The second box's middle lies in the first one's cell; the crowd's nobody asks for.
CROWD = (50, 33, 90, 61)
TRUTH = batch([(0, 0, 90, 60, 0), (4, 3, 60, 55, 1), (*CROWD, 1)], [(3, 5, 12, 26, 1)], crowd=[(0, 2)])


def head(**options):
    return GridHead(Detection(side=S, num=B, classes=K, **options), IMAGE)


def numbers(rng, dtype=np.float32):
    """Sides from 0.2 to 1, so that boxes overlap."""
    return rng.uniform(0.2, 1, (2, 1, 1, S * S * (K + 5 * B))).astype(dtype)


def parts(x, n, y, cx):
    """Of a cell: (K,), (B,) and (B, 4), by darknet's order in memory."""
    row, cell = x[n].ravel().astype(np.float64), y * S + cx
    classes, rest = row[: S * S * K].reshape(-1, K), row[S * S * K :]
    sure, places = rest[: S * S * B].reshape(-1, B), rest[S * S * B :].reshape(-1, B, 4)
    return classes[cell], sure[cell], places[cell]


def corners(t, y, cx, squares):
    x, down = (cx + t[0]) / S * IMAGE[1], (y + t[1]) / S * IMAGE[0]
    w, h = (side**2 if squares else side for side in t[2:])
    w, h = w * IMAGE[1], h * IMAGE[0]
    return np.array([x - w / 2, down - h / 2, x + w / 2, down + h / 2])


def iou(a, b):
    w, h = (min(a[2 + axis], b[2 + axis]) - max(a[axis], b[axis]) for axis in (0, 1))
    both = max(w, 0) * max(h, 0)
    return both / sum([(c[2] - c[0]) * (c[3] - c[1]) for c in (a, b)], -both)


@pytest.mark.parametrize(("sqrt", "softmax"), [(True, False), (False, True)])
def test_boxes_and_scores_are_those_of_each_cell(rng, sqrt, softmax):
    """Float32 beside float64: a few roundings of numbers up to 200."""
    x = numbers(rng)
    boxes, scores = head(sqrt=sqrt, softmax=softmax)(Tensor(x))
    assert boxes.shape == (2, S * S * B, 4) and scores.shape == (2, S * S * B, K)
    for n, y, cx, b in np.ndindex(2, S, S, B):
        classes, sure, places = parts(x, n, y, cx)
        if softmax:
            classes = np.exp(classes) / np.exp(classes).sum()
        place = (y * S + cx) * B + b
        np.testing.assert_allclose(boxes.numpy()[n, place], corners(places[b], y, cx, sqrt), rtol=0, atol=2e-4)
        np.testing.assert_allclose(scores.numpy()[n, place], sure[b] * classes, rtol=0, atol=1e-6)


def within(a, b):
    """The share of a that lies in b."""
    w, h = (max(0, min(a[2 + axis], b[2 + axis]) - max(a[axis], b[axis])) for axis in (0, 1))
    return w * h / ((a[2] - a[0]) * (a[3] - a[1]))


def plain(x, options):
    """The paper's sums, cell by cell; of two boxes in a cell the first counts, and none that lies on the crowd."""
    box = sure = likely = 0.0
    told = {(0, 0, 0): (0, 0, 90, 60, 0), (1, 0, 0): (3, 5, 12, 26, 1)}
    for n, y, cx in np.ndindex(2, S, S):
        classes, confidence, places = parts(x, n, y, cx)
        crowded = [n == 0 and within(corners(t, y, cx, True), CROWD) >= 0.5 for t in places]
        scale = np.where(crowded, 0.0, options["noobject_scale"])
        wanted = np.zeros(B)
        if (n, y, cx) in told:
            *true, label = told[n, y, cx]
            overlaps = [iou(corners(t, y, cx, True), true) for t in places]
            best = int(np.argmax(overlaps))
            middle = (true[0] + true[2]) / 2 / IMAGE[1] * S - cx, (true[1] + true[3]) / 2 / IMAGE[0] * S - y
            roots = math.sqrt((true[2] - true[0]) / IMAGE[1]), math.sqrt((true[3] - true[1]) / IMAGE[0])
            box += options["coord_scale"] * ((places[best] - (*middle, *roots)) ** 2).sum()
            scale[best], wanted[best] = 1, overlaps[best] if options["rescore"] else 1
            likely += ((classes - np.eye(K)[label]) ** 2).sum()
        sure += (scale * (confidence - wanted) ** 2).sum()
    return box / 2, sure / 2, likely / 2


@pytest.mark.parametrize("rescore", [True, False])
def test_the_loss_is_the_papers(rng, rescore):
    """Float32 sums of some dozen terms beside float64."""
    x, options = numbers(rng), {**PAPER, "rescore": rescore}
    found = grid_losses([(head(**options), Tensor(x))], IMAGE, TRUTH)
    assert [*found] == ["loss_box", "loss_object", "loss_class"]
    np.testing.assert_allclose([float(part.numpy()) for part in found.values()], plain(x, options), rtol=1e-5)


def test_where_no_box_overlaps_the_true_one_the_nearest_answers(rng):
    """All boxes of a cell are points, one of them nearer."""
    x = np.zeros((1, 1, 1, S * S * (K + 5 * B)), np.float32)
    places = x[0, 0, 0, S * S * (K + B) :].reshape(S * S, B, 4)
    places[0, 1, :2] = 0.5
    truth = batch([(10, 10, 40, 30, 1)])
    t = Tensor(x)
    t.requires_grad = True
    grid_losses([(head(**PAPER), t)], IMAGE, truth)["loss_box"].backward()
    slopes = t.grad[0, 0, 0, S * S * (K + B) :].reshape(S * S, B, 4)
    assert (slopes[0, 1] != 0).all() and not slopes[0, [0, 2]].any() and not slopes[1:].any()


def test_gradients_are_those_of_the_squares(rng):
    """Overlaps are taken as they are: what is taught does not learn."""
    x = Tensor(numbers(rng))
    x.requires_grad = True
    sum(grid_losses([(head(**PAPER), x)], IMAGE, TRUTH).values(), Tensor(np.float32(0))).backward()
    classes = x.grad[0, 0, 0, : S * S * K].reshape(S * S, K)
    np.testing.assert_allclose(classes[0], (x.numpy()[0, 0, 0, :K] - [1, 0]), rtol=0, atol=1e-6)  # 2 · difference / 2
    assert not classes[1:].any()
    assert np.isfinite(x.grad).all()


def test_pictures_without_boxes_teach_that_there_are_none(rng):
    x = numbers(rng)
    found = grid_losses([(head(**PAPER), Tensor(x))], IMAGE, batch([], []))
    sure = x[:, 0, 0, S * S * K : S * S * (K + B)]
    np.testing.assert_allclose(float(found["loss_object"].numpy()), 0.5 * np.square(sure).sum() / 2, rtol=1e-5)
    assert float(found["loss_box"].numpy()) == float(found["loss_class"].numpy()) == 0
