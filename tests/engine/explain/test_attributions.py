"""What mattered, where it is known by hand: on networks of a line or two."""

from itertools import product

import numpy as np
import pytest

from cnnkit import ops
from cnnkit.engine.explain.occlusion import sizes
from cnnkit.errors import UsageError
from cnnkit.nn import Conv2d, Flatten, GlobalAvgPool2d, Linear, Module, Parameter, Sequential

from .conftest import predictor_of

rng = np.random.default_rng(3)
PICTURE = rng.integers(0, 256, (6, 8, 1), dtype=np.uint8)


class LinearNet(Module):
    """Logits are sums over the image, each pixel times a weight of its own."""

    def __init__(self):
        self.flatten, self.dense = Flatten(), Linear(48, 3, rng=np.random.default_rng(0))

    def forward(self, x):
        return self.dense(self.flatten(x))


class OneChannel(Module):
    """A map of one channel A = relu(2·x), its mean, and class k's logit: (k - 1) times that."""

    def __init__(self):
        self.conv = Conv2d(1, 1, 1, activation="relu")
        self.conv.weight = Parameter(np.full((1, 1, 1, 1), 2, np.float32))
        self.pool, self.dense = GlobalAvgPool2d(), Linear(1, 3)
        self.dense.weight = Parameter(np.array([[-1, 0, 1]], np.float32))

    def forward(self, x):
        return self.dense(self.pool(self.conv(x)))


class Total(Module):
    """Class k's logit is k times the sum of the image."""

    def forward(self, x):
        return ops.reshape(ops.sum(x, (1, 2, 3)), (-1, 1)) * np.array([[0, 1, 2]], np.float32)


class Each(Module):
    """The classes of each pixel: x, 0 and -x; so class 0 is where x is above 0."""

    def __init__(self):
        self.conv = Conv2d(1, 3, 1)
        self.conv.weight = Parameter(np.array([[[[1, 0, -1]]]], np.float32))

    def forward(self, x):
        return self.conv(x)


@pytest.fixture
def linear():
    return predictor_of(LinearNet(), PICTURE.shape).explain(PICTURE)


def test_the_gradient_of_a_linear_network_is_its_weights(linear):
    for k in range(3):
        found = linear.gradient(k)
        weights = linear.kernel("dense")[0][:, k].reshape(6, 8)
        np.testing.assert_allclose(found.small[..., 0], weights, rtol=1e-6)
        np.testing.assert_allclose(found.values, np.abs(weights), rtol=1e-6)


def test_no_parameter_gets_a_gradient_or_stays_without(linear):
    parameters = linear._subject.module.parameters()
    linear.gradient()
    assert all(parameter.grad is None and parameter.requires_grad for parameter in parameters)


def test_a_network_without_a_map_has_no_grad_cam(linear):
    with pytest.raises(UsageError, match="a layer with a map"):
        linear.grad_cam()


def test_grad_cam_of_one_channel_is_its_map_times_the_mean_of_its_slope():
    found = predictor_of(OneChannel(), PICTURE.shape).explain(PICTURE)
    maps = found.maps("conv")[..., 0]
    cam = found.grad_cam("three")
    assert cam.layer == "conv"
    np.testing.assert_allclose(cam.small, maps / maps.size, rtol=1e-5)
    # The map has the size of the image: nothing is enlarged.
    np.testing.assert_array_equal(cam.values, cam.small)
    # What speaks against a class is left out.
    assert not found.grad_cam("one").small.any() and not found.grad_cam("two").small.any()


def test_grad_cam_of_a_layer_by_name():
    network = Sequential({"a": Conv2d(1, 2, 3), "b": Conv2d(2, 2, 3), "pool": GlobalAvgPool2d(), "c": Linear(2, 3)})
    found = predictor_of(network, PICTURE.shape).explain(PICTURE)
    assert [found.grad_cam(layer=name).small.shape for name in ("a", "b")] == [(4, 6), (2, 4)]
    assert found.grad_cam().layer == "b"
    with pytest.raises(UsageError, match="the map of the layer 'pool'"):
        found.grad_cam(layer="pool")
    with pytest.raises(UsageError, match="There is no layer 'd'"):
        found.grad_cam(layer="d")


def test_map_and_gradient_of_one_way_back_are_those_of_two():
    network = Sequential({"a": Conv2d(1, 2, 3, activation="relu"), "b": Conv2d(2, 2, 3), "c": Flatten()})
    network = Sequential({"net": network, "d": Linear(2 * 2 * 4, 3)})
    found = predictor_of(network, PICTURE.shape).explain(PICTURE)
    seen = 0.0
    for layer, label in product((None, "net.a"), ("one", "two", "three")):
        cam, slope = found.derivatives(label, layer=layer)
        alone = found.grad_cam(label, layer=layer)
        assert (cam.layer, cam.target) == (alone.layer, alone.target)
        # An activation may go back in a call of its own where a map is listened to.
        np.testing.assert_allclose(cam.values, alone.values, rtol=1e-5, atol=1e-7)
        np.testing.assert_allclose(slope.small, found.gradient(label).small, rtol=1e-5, atol=1e-7)
        seen += cam.values.sum()
    assert seen > 0
    with pytest.raises(UsageError, match="There is no layer"):
        found.derivatives(layer="e")


def test_of_what_a_network_has_not_there_is_no_map_and_no_gradient(linear):
    cam, slope = linear.derivatives(1)
    assert cam is None
    np.testing.assert_array_equal(slope.values, linear.gradient(1).values)


def test_a_network_that_works_long_is_asked_about_fewer_squares():
    assert [sizes(224, 224, products, None, None) for products in (10**6, 15 * 10**9, 10**12)] == [
        (32, 16),  # 13 by 13 that overlap by half
        (38, 38),  # 6 by 6 side by side
        (56, 56),  # 4 by 4
    ]


def test_occlusion_of_a_sum_is_what_was_covered():
    found = predictor_of(Total(), PICTURE.shape).explain(PICTURE)
    x = found.x[..., 0]
    part = found.occlusion("three", square=2, step=2)
    covered = 2 * x.reshape(3, 2, 4, 2).sum(axis=(1, 3))
    np.testing.assert_allclose(part.small, covered, atol=1e-4)
    np.testing.assert_allclose(part.values, np.repeat(np.repeat(covered, 2, 0), 2, 1), atol=1e-4)
    assert part.how == {"square": (2, 2), "step": (2, 2), "fill": 0.0}
    with pytest.raises(UsageError, match="square is 9"):
        found.occlusion(square=9)


def test_several_targets_are_asked_for_by_the_same_passes():
    found = predictor_of(Total(), PICTURE.shape).explain(PICTURE)
    passes, compute = [], found._subject.compute
    object.__setattr__(found._subject, "compute", lambda x: passes.append(len(x)) or compute(x))
    steps = found.occlusions(["one", "two", "three"], square=2, step=2)
    told = []
    while True:
        try:
            told.append(next(steps))
        except StopIteration as end:
            several = end.value
            break
    assert sum(passes) == 12 and told[0].done == 0 and told[0].total == 12
    for name, part in zip(("one", "two", "three"), several, strict=True):
        assert part.target.label == name
        np.testing.assert_array_equal(part.small, found.occlusion(name, square=2, step=2).small)


def test_squares_that_overlap_reach_every_pixel():
    found = predictor_of(Total(), PICTURE.shape).explain(PICTURE)
    assert found.occlusion("two", square=4, step=3).small.shape == (2, 3)
    assert found.occlusion("two").small.shape == (5, 7)


def test_a_segmenter_is_asked_for_the_pixels_of_a_class():
    found = predictor_of(Each(), PICTURE.shape, "segmentation").explain(PICTURE)
    x = found.x[..., 0]
    target = found.target("one")
    assert (target.kind, target.index) == ("pixels", 0)
    np.testing.assert_allclose(target.value, x[x > 0].sum(), rtol=1e-5)
    np.testing.assert_array_equal(found.gradient("one").small[..., 0], x > 0)
    np.testing.assert_allclose(found.occlusion("one", square=1, step=1).small, np.where(x > 0, x, 0), atol=1e-4)
    # Nowhere is the second class the best: then it is asked for everywhere.
    assert found.target("two").value == 0
    assert found.winner.label == ("one" if (x > 0).sum() >= 24 else "three")


@pytest.mark.slow
def test_a_detector_is_asked_for_one_of_its_boxes(named):
    predictor, picture = named("yolo_nano", 96)
    found = predictor.from_score(0.0).explain(picture)
    first, second = found.target(), found.target(1)
    assert (first.kind, first.box, second.box) == ("box", 0, 1) and first.value >= second.value
    for target in (first, second):
        cam = found.grad_cam(target)
        assert cam.values.shape == (96, 96) and cam.values.any() and found.gradient(target).values.any()
    # All that the box is seen by is covered.
    whole = found.occlusion(square=96, step=96)
    assert whole.values.shape == (96, 96) and whole.small.shape == (1, 1) and whole.small[0, 0] <= first.value + 1e-6
    with pytest.raises(UsageError, match="Box 1000 is asked for"):
        found.target(1000)
    with pytest.raises(UsageError, match="There is no class 'onee'"):
        found.target("onee")
    with pytest.raises(UsageError, match="found nothing"):
        predictor.from_score(1.0).explain(picture).target()


def test_what_is_found_is_brought_back_onto_the_picture():
    picture = rng.integers(0, 256, (12, 16, 1), dtype=np.uint8)
    found = predictor_of(LinearNet(), PICTURE.shape).explain(picture)
    assert found.picture.shape == (12, 16, 1) and found.image.shape == (6, 8, 1)
    back = found.over_picture(np.arange(48, dtype=np.float32).reshape(6, 8))
    assert back.shape == (12, 16) and (back[0, 0], back[11, 15], back[2, 3]) == (0, 47, 9)
