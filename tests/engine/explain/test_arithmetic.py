"""The arithmetic that is told adds up to the number that the kernel computed, for every kind of step."""

import importlib
import inspect
import pkgutil

import numpy as np
import pytest

from cnnkit import ops
from cnnkit.autograd import Function, Tensor
from cnnkit.engine.explain.arithmetic.sum_of import sum_of
from cnnkit.engine.explain.kinds import _KINDS
from cnnkit.engine.explain.road import shape_of
from cnnkit.engine.explain.station import KINDS
from cnnkit.engine.explain.sum import RULES
from cnnkit.engine.explain.walk import walk
from cnnkit.nn import Dropout, Module, Parameter

rng = np.random.default_rng(0)


def weights(*shape):
    return Parameter(rng.normal(0, 1, shape).astype(np.float32))


def conv(x, kernel, out, *, groups=1, bias=True, **how):
    w = weights(*kernel, x.shape[3] // groups, out)
    return ops.conv2d(x, w, weights(out) if bias else None, groups=groups, **how)


def transposed(x, kernel, out, *, groups=1, **how):
    return ops.conv_transpose2d(x, weights(*kernel, out // groups, x.shape[3]), weights(out), groups=groups, **how)


def norm(x, **how):
    mean, var = rng.normal(0, 1, x.shape[3]).astype("f4"), rng.uniform(0.5, 2, x.shape[3]).astype("f4")
    return ops.batch_norm_frozen(x, weights(x.shape[3]), weights(x.shape[3]), mean, var, **how)


def gates(x, axis, directions=2):
    p = conv(x, (1, 1), directions * 6)
    return ops.gru(p, weights(directions, 2, 6), weights(directions * 6), axis=axis)


# What a network does with x (1, 7, 6, 4), by the kind of step that is looked at.
STEPS = [
    ("conv", lambda x: conv(x, (3, 3), 5, padding=1, activation="relu")),
    ("conv", lambda x: conv(x, (5, 3), 3, padding=((1, 2), (0, 3)), stride=(2, 1), activation="hard_swish")),
    ("conv", lambda x: conv(x, (3, 2), 3, padding=2, dilation=(2, 3), bias=False)),
    ("conv", lambda x: conv(x, (3, 3), 6, groups=2, padding=1, activation="sigmoid")),
    ("conv", lambda x: conv(x, (1, 1), 4, residual=x, activation="relu6")),
    ("depthwise conv", lambda x: conv(x, (3, 3), 4, groups=4, padding=1, stride=2)),
    ("depthwise conv", lambda x: conv(x, (3, 3), 8, groups=4, padding=1, activation="leaky_relu")),
    ("transposed conv", lambda x: transposed(x, (2, 2), 3, stride=2, activation="tanh")),
    ("transposed conv", lambda x: transposed(x, (3, 4), 2, stride=(2, 3), padding=1, output_padding=(1, 2))),
    ("transposed conv", lambda x: transposed(x, (3, 3), 6, groups=2, stride=2, padding=1, dilation=2)),
    ("dense", lambda x: ops.linear(ops.flatten(x), weights(7 * 6 * 4, 3), weights(3), activation="swish")),
    ("batch norm", lambda x: norm(x, activation="relu")),
    ("batch norm", lambda x: norm(x, residual=x, eps=1e-3)),
    ("local response norm", lambda x: ops.local_response_norm(x, 3, 0.5, 0.75, 2.0)),
    ("local response norm", lambda x: ops.local_response_norm(x, 4, 0.5, 0.75, 2.0)),
    ("activation", ops.relu),
    ("activation", lambda x: ops.leaky_relu(x, 0.3)),
    ("activation", ops.hard_sigmoid),
    ("activation", ops.swish),
    ("max pool", lambda x: ops.max_pool2d(x, 3, 2, padding=1)),
    ("max pool", lambda x: ops.adaptive_max_pool2d(x, (3, 2))),
    ("global max pool", ops.global_max_pool2d),
    ("average pool", lambda x: ops.avg_pool2d(x, 3, 2, padding=1)),
    ("average pool", lambda x: ops.avg_pool2d(x, 3, 2, padding=1, count_padding=False)),
    ("average pool", lambda x: ops.adaptive_avg_pool2d(x, (3, 4))),
    ("global average pool", ops.global_avg_pool2d),
    ("add", lambda x: x + ops.relu(x)),
    ("add", lambda x: x + 0.5),
    ("subtract", lambda x: x - ops.slice(x, (0, 0, 0, 0), (1, 1, 6, 1))),
    ("multiply", lambda x: x * ops.relu(x)),
    ("divide", lambda x: x / (ops.relu(x) + 1.0)),
    ("greater", lambda x: ops.maximum(x, ops.negate(x))),
    ("lesser", lambda x: ops.minimum(x, 0.1)),
    ("scale channels", lambda x: ops.scale_channels(x, ops.global_avg_pool2d(x))),
    ("concat", lambda x: ops.concat([x, ops.relu(x), x])),
    ("concat", lambda x: ops.concat([x, ops.relu(x)], axis=1)),
    ("split", lambda x: ops.concat(ops.split(x, (1, 3))[::-1])),
    ("crop", lambda x: ops.slice(x, (0, 1, 2, 0), (1, 6, 6, 4), (1, 2, 1, 3))),
    ("pad", lambda x: ops.pad(x, ((0, 0), (1, 2), (0, 1), (2, 0)), 0.25)),
    ("reshape", lambda x: ops.reshape(x, (1, 14, 3, 4))),
    ("flatten", ops.flatten),
    ("permute", lambda x: ops.permute(x, (0, 3, 1, 2))),
    ("channel shuffle", lambda x: ops.channel_shuffle(x, 2)),
    ("resize", lambda x: ops.resize(x, (11, 4))),
    ("resize", lambda x: ops.resize(x, (10, 9), align_corners=True)),
    ("resize", lambda x: ops.resize(x, (14, 5), mode="nearest")),
    ("softmax", ops.softmax),
    ("log softmax", ops.log_softmax),
    ("negate", ops.negate),
    ("exp", ops.exp),
    ("log", lambda x: ops.log(ops.relu(x) + 1.0)),
    ("square root", lambda x: ops.sqrt(ops.relu(x))),
    ("clip", lambda x: ops.clip(x, -0.2, 0.4)),
    ("choose", lambda x: ops.where(ops.relu(x), x, -1.0)),
    ("sum", lambda x: ops.sum(x, (1, 2))),
    ("mean", lambda x: ops.mean(x, 3, keepdims=True)),
    ("greatest", lambda x: ops.max(x, (0, 2))),
    ("dropout", Dropout(0.5).eval()),
    ("recurrent", lambda x: gates(x, 1)),
    ("recurrent", lambda x: gates(x, 2, directions=1)),
]


class Does(Module):
    """Something, and then a mean that makes three class scores of it."""

    def __init__(self, step):
        self.step, self.last = step, weights(1, 3)

    def forward(self, x):
        y = self.step(x)
        return ops.linear(ops.reshape(ops.mean(y), (1, 1)), self.last)


@pytest.fixture
def image():
    """A predictor's picture of four channels does not exist: the walk is given numbers."""
    return rng.normal(0, 1, (1, 7, 6, 4)).astype(np.float32)


def sums(network, x):
    """(kind, Sum) of every number of every step."""
    found = []
    walk(network, x, lambda step: found.extend(sum_of(step, at) for at in np.ndindex(shape_of(step.result.shape))))
    return found


@pytest.mark.parametrize(("kind", "step"), STEPS, ids=[f"{k}-{kind}" for k, (kind, _) in enumerate(STEPS)])
def test_what_is_told_adds_up_to_what_the_kernel_computed(kind, step, image):
    told = sums(Does(step), image)
    assert kind in {one.kind for one in told}
    for one in told:
        # The sums here are of float64, the kernel's of float32: of each product a few roundings.
        size = sum(np.abs(part.products).sum() for part in one.terms) + abs(one.total)
        assert abs(one.result - one.value) <= 1e-6 * size + 1e-6, one
        assert one.rule in RULES and one.kind in KINDS


def test_every_kind_has_its_arithmetic_but_what_chooses_boxes():
    shown = {kind for kind, _ in STEPS}
    assert set(KINDS) - shown == {"regions", "best boxes", "other"}


def test_every_function_that_a_network_in_use_may_call_is_known():
    functions = set()
    for found in pkgutil.walk_packages(ops.__path__, "cnnkit.ops."):
        if not found.name.startswith("cnnkit.ops.loss"):
            module = importlib.import_module(found.name)
            functions |= {
                name for name, one in vars(module).items() if inspect.isclass(one) and issubclass(one, Function)
            }
    # Batch norm by the batch at hand and dropout are training's; a dropout that rests is told by its layer.
    assert functions - set(_KINDS) == {"Function", "_BatchNorm", "_Extreme", "_Dropout"}


def test_zeros_of_the_padding_are_marked(image):
    corner = sums(Does(lambda x: conv(x, (3, 3), 2, padding=1)), image)[0]
    patch = corner.terms[0]
    assert corner.place == (0, 0, 0) and patch.layout == (3, 3, 4)
    inside = patch.inside.reshape(patch.layout)[..., 0]
    np.testing.assert_array_equal(inside, [[False, False, False], [False, True, True], [False, True, True]])
    assert not patch.values[~patch.inside].any()
    assert patch.places[0].tolist() == [-1, -1, 0] and patch.source == -1
    np.testing.assert_allclose(patch.by_channel().sum() + corner.numbers["bias"], corner.total)


def test_a_pool_names_the_pixel_that_won(image):
    one = sums(Does(lambda x: ops.max_pool2d(x, 2)), image)[5]
    place = one.terms[0].places[one.winner]
    assert image[0][tuple(place)] == one.value and place[2] == one.place[2]


def test_the_largest_contributions_and_the_rest_are_the_sum(image):
    one = next(s for s in sums(Does(lambda x: ops.linear(ops.flatten(x), weights(168, 2))), image) if s.kind == "dense")
    rows, rest = one.terms[0].largest(5)
    products = one.terms[0].products
    assert np.abs(products[rows]).min() >= np.abs(np.delete(products, rows)).max()
    np.testing.assert_allclose(products[rows].sum() + rest, one.total)


def test_a_part_of_ones_own_is_named_plainly(image):
    class Own(Module):
        def forward(self, x):
            return Tensor(np.abs(x.numpy())) + x

    told = sums(Own(), image)
    assert {one.kind for one in told} == {"add"}
    # What NumPy computed in between is nobody's result.
    assert told[0].terms[0].source is None and told[0].terms[1].source == -1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "side"),
    [
        *(("convnet", 28), ("lenet5", 28), ("resnet20", 32), ("resnet50", 64), ("googlenet", 64), ("vgg11", 32)),
        *(("mobilenet_v1_x0_25", 64), ("mobilenet_v2", 64), ("mobilenet_v3_small", 64), ("shufflenet_v1", 64)),
        *(("shufflenet_v2_x0_5", 64), ("unet_bn_w8_d2", 64), ("unet_w8_d2", 60), ("fcn_resnet50", 64)),
        *(("deeplab_v3plus_mobilenet_v2", 64), ("reseg", 64), ("yolo_nano", 96), ("yolo_fastest", 96)),
        *(("ssd_nano", 128), ("faster_rcnn_nano", 96)),
    ],
)
def test_the_steps_of_a_network_add_up(named, name, side):
    predictor, picture = named(name, side)
    explanation = predictor.explain(picture)
    places = [
        (station.number, tuple(int(rng.integers(size)) for size in station.output))
        for station in explanation.stations
        for _ in range(3)
        if all(station.output)
    ]
    for one in explanation.pixels(places):
        size = sum(np.abs(part.products).sum() for part in one.terms) + abs(one.total)
        # Winograd's sums are of float32 and exact to a few dozen roundings. An infinity is equal to itself.
        assert one.result == one.value or abs(one.result - one.value) <= 4e-6 * size + 1e-6, one
    assert "other" not in {station.kind for station in explanation.stations}
    same_answer(explanation, predictor.predict(picture))


def same_answer(explanation, answer):
    """A plan joins batch norms with filters, and rounds otherwise: where it matters scores are nearly equal."""
    if explanation.task == "classification":
        np.testing.assert_allclose(
            explanation.scores, [dict(answer.top)[name] for name in explanation.classes], atol=1e-3
        )
    elif explanation.task == "segmentation":
        assert np.mean(explanation.answer.mask == answer.mask) > 0.99
    else:
        scores = [[box.score for box in one.boxes] for one in (explanation.answer, answer)]
        np.testing.assert_allclose(*scores, atol=1e-3)
