"""Boxes from the numbers of a map, beside the formula of the paper."""

import math

import numpy as np
import pytest

from cnnkit.autograd import Tensor
from cnnkit.models.detection.darknet.head import BoxHead

ANCHORS = ((10.0, 20.0), (30.0, 8.0))


def sigmoid(t):
    return 1 / (1 + math.exp(-t))


@pytest.mark.parametrize(("softmax", "beyond"), [(False, 1.0), (True, 1.0), (False, 1.2)])
def test_boxes_and_scores_follow_the_formula(rng, softmax, beyond):
    """Float32 beside float64: a dozen roundings of numbers up to 300."""
    N, GH, GW, K = 2, 3, 4, 3
    x = rng.standard_normal((N, GH, GW, 2 * (5 + K))).astype(np.float32)
    boxes, scores = BoxHead(ANCHORS, K, (8.0, 16.0), softmax=softmax, beyond=beyond)(Tensor(x))
    assert boxes.shape == (N, GH * GW * 2, 4) and scores.shape == (N, GH * GW * 2, K)
    for n, y, cx, b in np.ndindex(N, GH, GW, 2):
        t = x[n, y, cx].reshape(2, 5 + K)[b].astype(np.float64)
        across = (cx + sigmoid(t[0]) * beyond - (beyond - 1) / 2) * 16
        down = (y + sigmoid(t[1]) * beyond - (beyond - 1) / 2) * 8
        w, h = ANCHORS[b][0] * math.exp(t[2]), ANCHORS[b][1] * math.exp(t[3])
        place = (y * GW + cx) * 2 + b
        wanted = across - w / 2, down - h / 2, across + w / 2, down + h / 2
        np.testing.assert_allclose(boxes.numpy()[n, place], wanted, rtol=0, atol=3e-4)
        told = np.exp(t[5:]) / np.exp(t[5:]).sum() if softmax else [sigmoid(one) for one in t[5:]]
        np.testing.assert_allclose(scores.numpy()[n, place], sigmoid(t[4]) * np.array(told), rtol=0, atol=1e-6)


def test_a_network_that_is_lost_still_gives_finite_boxes():
    boxes, scores = BoxHead(ANCHORS, 1, (8.0, 8.0))(Tensor(np.full((1, 1, 1, 12), 1e30, np.float32)))
    assert np.isfinite(boxes.numpy()).all() and np.isfinite(scores.numpy()).all()
