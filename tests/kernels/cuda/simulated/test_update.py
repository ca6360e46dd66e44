"""What changes arrays in place or answers with a number, and random numbers: on CUDA as on this machine."""

import numpy as np
import pytest
from agreement import assert_matches
from there import computed, here, there

from cnnkit.errors import DTypeError, ShapeError
from cnnkit.kernels import cpu, cuda, reference

pytestmark = pytest.mark.usefixtures("on_cuda")
RNG = np.random.default_rng(0)


def lists():
    """Four lists of two arrays, of which the second is two pieces of a job."""
    return [[RNG.standard_normal(shape).astype(np.float32) for shape in ((3, 5), (4100,))] for _ in range(4)]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"momentum": 0.9},
        {"momentum": 0.9, "nesterov": True, "weight_decay": [0.1, 0.0], "factors": [1.0, 2.0]},
    ],
)
def test_a_step_of_gradient_descent(options):
    w, dw, velocity, _ = lists()
    moving = velocity if options else None
    expected = [[a.copy() for a in w], [a.copy() for a in velocity]]
    reference.sgd(expected[0], dw, expected[1] if options else None, lr=0.1, **options)
    found = there(w), there(velocity)
    cuda.sgd(found[0], there(dw), found[1] if moving else None, lr=0.1, **options)
    for got, wanted in zip(found, expected, strict=True):
        for a, b in zip(got, wanted, strict=True):
            assert_matches(here(a), b)


@pytest.mark.parametrize("decoupled", [False, True])
def test_a_step_of_adam(decoupled):
    w, dw, m, v = lists()
    v = [np.abs(a) for a in v]
    options = {"lr": 0.1, "weight_decay": [0.1, 0.0], "factors": [1.0, 2.0], "decoupled": decoupled, "step": 3}
    expected = [[a.copy() for a in arrays] for arrays in (w, m, v)]
    reference.adam(expected[0], dw, *expected[1:], **options)
    found = there(w), there(m), there(v)
    cuda.adam(found[0], there(dw), *found[1:], **options)
    for got, wanted in zip(found, expected, strict=True):
        for a, b in zip(got, wanted, strict=True):
            assert_matches(here(a), b, 4)


def test_an_average_a_factor_and_what_is_told_by_a_number():
    w, other, *_ = lists()
    average, expected = there(w), [a.copy() for a in w]
    reference.ema(expected, other, 0.9)
    cuda.ema(average, there(other), 0.9)
    cuda.scale(average, 2.0)
    for a, b in zip(average, expected, strict=True):
        assert_matches(here(a), 2 * b)
    assert cuda.square_sum(there(w)) == pytest.approx(reference.square_sum(w), rel=1e-6)
    assert cuda.all_finite(there(w))
    for most in 0.5, 100.0:  # shorter than they are, and longer
        clipped, expected = there(w), [a.copy() for a in w]
        cuda.clip_norm(clipped, most)
        reference.clip_norm(expected, most)
        for a, b in zip(clipped, expected, strict=True):
            assert_matches(here(a), b, 22)
    w[1][3] = np.inf
    endless = there(w)
    cuda.clip_norm(endless, 0.5)
    np.testing.assert_array_equal(here(endless[0]), w[0])  # the caller decides
    assert not cuda.all_finite(there(w))


def test_gradients_that_explode_have_a_norm_and_are_clipped():
    """Their squares are too large for float32, those of the others are lost in its rounding."""
    x = [np.full((3, 5), 1e20, np.float32), np.full(4100, 1e-25, np.float32)]
    assert cuda.square_sum(there(x)) == pytest.approx(15e40, rel=1e-6)
    assert cuda.square_sum(there(x[1:])) == pytest.approx(4100e-50, rel=1e-6)
    found = there(x)
    cuda.clip_norm(found, 1.0)
    reference.clip_norm(x, 1.0)
    assert_matches(here(found[0]), x[0], 2)
    assert np.isfinite(here(found[0])).all() and here(found[0]).any()


def test_the_factor_of_clipping_has_the_bits_of_a_norm_in_float64():
    x = [RNG.standard_normal(shape).astype(np.float32) for shape in ((3, 5), (4100,))]
    norm = np.sqrt(sum(np.sum(a.astype(np.float64) ** 2) for a in x))
    for most in np.linspace(0.5, 60.0, 7):
        found = there(x)
        cuda.clip_norm(found, float(most))
        for a, b in zip(found, x, strict=True):
            np.testing.assert_array_equal(here(a), b * np.float32(most / norm))


def test_what_is_changed_in_place_is_no_view_and_no_double():
    whole = cuda.put(np.ones((4, 6), np.float32))
    with pytest.raises(ShapeError, match="in place"):
        cuda.scale([cuda.channels(whole, 1, 3)], 2.0)
    with pytest.raises(DTypeError, match="float32"):
        cuda.scale([cuda.put(np.ones(3))], 2.0)


def test_random_numbers_are_those_of_every_machine():
    x, key = RNG.standard_normal((5, 67)).astype(np.float32), (2**40 + 3, 2**33 + 7)
    in_memory = key[0], np.array(key[1])
    np.testing.assert_array_equal(computed("dropout", x, 0.4, in_memory), cpu.dropout(x, 0.4, in_memory))
    assert not np.nan_to_num(computed("dropout", x, 1.0, in_memory)).any()
    np.testing.assert_array_equal(here(cuda.uniform((3, 50), key)), cpu.uniform((3, 50), key))


def test_a_counter_counts_on_the_device_and_its_copies_are_whole():
    counter = cuda.put(np.array(2**40))
    first, second = cuda.count_up(counter), cuda.count_up(counter)
    assert [here(array).item() for array in (first, second, counter)] == [2**40, 2**40 + 1, 2**40 + 2]
    kept = cuda.copy(counter)
    cuda.count_up(counter)
    cuda.copy_into(counter, kept)
    assert (here(counter).item(), here(counter).dtype) == (2**40 + 2, np.int64)


@pytest.mark.parametrize("axes", [(0,), (1,), (2,), (0, 2), (0, 1, 2), ()])
@pytest.mark.parametrize("name", ["sum_over", "mean_over", "max_over"])
def test_reductions_over_all_kinds_of_axes(name, axes):
    x = RNG.standard_normal((40, 3, 9)).astype(np.float32)
    expected = getattr(reference, name)(x, axes)
    assert_matches(computed(name, x, axes), expected, 1080, scale=10.0 if name == "sum_over" else 1.0)


def test_the_greatest_is_no_number_where_one_is_none():
    x = RNG.standard_normal((3, 40)).astype(np.float32)
    x[1, 33] = np.nan
    np.testing.assert_array_equal(np.isnan(computed("max_over", x, (1,))), [False, True, False])
    assert computed("max_over", x[:, :0], (1,)).tolist() == [-np.inf] * 3
    assert np.isnan(computed("mean_over", x[:, :0], (1,))).all()


def test_whole_numbers_beyond_32_bits_are_compared_and_chosen_too():
    large = np.array([1 << 40, 5, -(1 << 40)])
    np.testing.assert_array_equal(computed("equal", large, 1 << 40), [1, 0, 0])
    found = computed("where", np.array([1, 0, 1], np.float32), large, -(1 << 40))
    np.testing.assert_array_equal(found, [1 << 40, -(1 << 40), -(1 << 40)])
    assert found.dtype == np.int64


def test_integers_equal_no_fraction_and_keep_their_type():
    labels = np.array([0, 1, 2, 255], np.uint8)
    assert computed("equal", labels, 0.5).tolist() == [0, 0, 0, 0]
    assert computed("equal", labels, 255.0).tolist() == [0, 0, 0, 1]
    wide = labels.astype(np.int64) << 33
    np.testing.assert_array_equal(computed("permute", wide.reshape(2, 2), (1, 0)), wide.reshape(2, 2).T, strict=True)
