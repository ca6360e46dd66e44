"""First weights: their spread, their randomness, and what constructors refuse."""

import numpy as np
import pytest

from cnnkit import nn
from cnnkit.errors import UsageError
from cnnkit.nn import init


@pytest.mark.parametrize(
    ("draw", "deviation"),
    [
        (init.he_normal, np.sqrt(2 / 50)),
        (init.he_uniform, np.sqrt(2 / 50)),
        (init.xavier_normal, np.sqrt(2 / 150)),
        (init.xavier_uniform, np.sqrt(2 / 150)),
        (init.plain_uniform, np.sqrt(1 / 150)),
    ],
)
def test_the_spread_is_that_of_the_paper(draw, deviation, rng):
    w = draw(rng, (50, 100), (50, 100))
    assert w.dtype == np.float32
    # 5,000 numbers: their deviation is known to 1 %, their mean to 1.4 % of it
    assert w.std() == pytest.approx(deviation, rel=0.05)
    assert abs(w.mean()) < 0.06 * deviation


def test_layers_start_with_he_weights_and_no_bias(rng):
    layer = nn.Conv2d(8, 64, 3, rng=rng)
    assert layer.weight.data.std() == pytest.approx(np.sqrt(2 / 72), rel=0.05)
    assert not layer.bias.data.any()


def test_recurrent_weights_keep_the_length_of_a_state(rng):
    w = nn.init.orthogonal(rng, (2, 7, 21), 3)
    assert w.shape == (2, 7, 21) and w.dtype == np.float32
    for matrix in w.reshape(2, 7, 3, 7).transpose(0, 2, 1, 3).reshape(-1, 7, 7):
        np.testing.assert_allclose(matrix @ matrix.T, np.eye(7), atol=1e-6)


def test_weights_follow_from_the_rng():
    first, again = (nn.Linear(3, 2, rng=np.random.default_rng(5)).weight.data for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert (first != nn.Linear(3, 2, rng=np.random.default_rng(6)).weight.data).any()


def test_a_large_layer_has_the_numbers_that_one_call_of_the_generator_gives():
    shape, fan = (300, 500), (300, 500)  # more than are drawn at a time
    normal, even = (
        init.he_normal(np.random.default_rng(5), shape, fan),
        init.xavier_uniform(np.random.default_rng(5), shape, fan),
    )
    rng, bound = np.random.default_rng(5), np.sqrt(6 / 800)
    np.testing.assert_array_equal(normal, (rng.standard_normal(shape) * np.sqrt(2 / 300)).astype(np.float32))
    np.testing.assert_array_equal(even, np.random.default_rng(5).uniform(-bound, bound, shape).astype(np.float32))


@pytest.mark.parametrize("draw", [init.he_normal, init.xavier_uniform])
def test_weights_that_are_passed_over_can_be_drawn_afterwards(draw):
    shapes, rng = [(3, 5), (300, 500), (7,)], np.random.default_rng(5)
    whole = [draw(rng, shape, (4, 4)) for shape in shapes]
    later, others = np.random.default_rng(5), np.ones((3, 5), np.float32)
    with init.passing_over() as passed:
        stand_ins = [draw(later, shape, (4, 4)) for shape in shapes]
    assert later.bit_generator.state == rng.bit_generator.state
    assert [array.shape for array in stand_ins] == shapes and not any(array.any() for array in stand_ins)
    for number in (2, 1):  # in any order, and not all of them
        np.testing.assert_array_equal(passed.drawn(stand_ins[number]), whole[number], strict=True)
    assert passed.drawn(others) is None


def test_the_first_filters_pass_channels_on_and_the_others_are_drawn(rng):
    w = init.passing_on(rng, (3, 3, 4, 10))
    np.testing.assert_array_equal(w[1, 1, :, :4], np.eye(4))
    assert np.count_nonzero(w[..., :4]) == 4
    # 216 numbers: their deviation is known to 5 %
    assert w[..., 4:].std() == pytest.approx(np.sqrt(1 / 36 / 3), rel=0.15)


def test_filters_that_pass_on_and_are_passed_over_can_be_drawn_afterwards():
    whole = init.passing_on(np.random.default_rng(5), (3, 3, 4, 10))
    with init.passing_over() as passed:
        stand_in = init.passing_on(np.random.default_rng(5), (3, 3, 4, 10))
    np.testing.assert_array_equal(passed.drawn(stand_in), whole, strict=True)


def test_whitening_is_the_same_for_images_in_any_batches_to_rounding(rng):
    images = rng.standard_normal((9, 6, 7, 2)).astype(np.float32).cumsum(1)
    whole, pieces = init.whitening([images], (2, 3)), init.whitening([images[:4], images[4:]], (2, 3))
    assert whole.shape == (2, 3, 2, 24) and whole.dtype == np.float32
    # sums of float64, in another order; directions of like variance would turn freely, but these are all unlike
    np.testing.assert_allclose(whole, pieces, rtol=1e-4, atol=1e-5)
    strengths = np.linalg.norm(whole.reshape(12, 24)[:, :12], axis=0)
    assert (np.diff(strengths) > 0).all()


def test_sizes_that_cannot_be_are_refused():
    with pytest.raises(
        UsageError, match=r"in_channels \(=7\) and out_channels \(=4\) to be multiples of groups \(=2\)"
    ):
        nn.Conv2d(7, 4, 3, groups=2)
    with pytest.raises(UsageError, match=r"in_features \(=0\) and out_features \(=4\) of at least 1. Is the image"):
        nn.Linear(0, 4)
    with pytest.raises(UsageError, match=r"Conv2d expects activation to be one of"):
        nn.Conv2d(1, 1, 1, activation="gelu")
