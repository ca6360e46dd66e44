"""A computation and the way back, made again by their kernels alone."""

import gc

import numpy as np
import pytest

from cnnkit import kernels
from cnnkit.kernels import cpu
from cnnkit.kernels.cpu.machine import jit
from cnnkit.kernels.cpu.machine.again.roundtrip import Roundtrip
from cnnkit.kernels.shared.geometry import Window
from cnnkit.kernels.shared.scalar import RELU

RNG = np.random.default_rng(0)
SHAPE, WIN = (2, 9, 9, 4), Window(1, 1, 1, 1, 1, 1)


def numbers(*shape):
    return RNG.standard_normal(shape).astype(np.float32)


class Layer:
    """A convolution with a bias, whose sum of results is kept in `total` as a running average would be."""

    def __init__(self):
        self.filters, self.bias, self.total = numbers(3, 3, 4, 20), numbers(20), np.zeros(20, np.float32)
        self.most = 1.5 * np.abs(self.filters).max()

    def work(self, x):
        y = cpu.conv2d(x, self.filters, WIN, bias=self.bias)
        cpu.add(self.total, cpu.sum_over(y, (0, 1, 2)), out=self.total)

        def back(dys):
            dw, db = cpu.conv2d_dw(dys[0], x, self.filters.shape, WIN, needs_db=True)
            return [dw, db, cpu.slice_dx(dys[1], SHAPE, (0, 0, 0, 0), (2, 3, 9, 4), (1, 1, 1, 1))]

        return [y, cpu.slice(x, (0, 0, 0, 0), (2, 3, 9, 4), (1, 1, 1, 1))], back

    def roundtrip(self, work=None):
        return Roundtrip.of(work or self.work, numbers(*SHAPE), [self.filters, self.bias], [self.total])

    def computed(self, x, dys):
        ys, back = self.work(x)
        return [*ys, *back(dys), self.total.copy()]


def given():
    return numbers(*SHAPE), [numbers(2, 9, 9, 20), numbers(2, 3, 9, 4)]


def gone(layer, roundtrip, x, dys):
    trip = roundtrip.begin(x)
    return [*trip.results, *(dw.copy() for dw in trip.back(dys)), layer.total.copy()]


def same(found, expected):
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other, strict=True)


@pytest.fixture
def layer():
    return Layer()


def test_to_look_for_it_changes_nothing(layer):
    before = [array.copy() for array in (layer.filters, layer.bias, layer.total)]
    assert layer.roundtrip() is not None
    same((layer.filters, layer.bias, layer.total), before)


def test_it_gives_the_same_bits_for_other_numbers_and_other_weights(layer):
    roundtrip = layer.roundtrip()
    for _ in range(3):
        for array in (layer.filters, layer.bias):
            array[...] = numbers(*array.shape)
        x, dys = given()
        layer.total[...] = 0
        expected = layer.computed(x, dys)
        layer.total[...] = 0
        same(gone(layer, roundtrip, x, dys), expected)


def test_the_number_of_threads_changes_no_bit(layer):
    roundtrip, (x, dys) = layer.roundtrip(), given()
    with kernels.use(threads=1):
        one = gone(layer, roundtrip, x, dys)[:-1]
    with kernels.use(threads=2):
        same(gone(layer, roundtrip, x, dys)[:-1], one)


def test_what_it_gives_is_the_callers_own_and_no_trip_begins_while_he_has_a_gradient(layer):
    roundtrip, (x, dys) = layer.roundtrip(), given()
    trip = roundtrip.begin(x)
    results, gradients = trip.results, trip.back(dys)
    before = [array.copy() for array in (*results, *gradients)]
    del trip
    assert roundtrip.begin(x) is None
    others = [cpu.add(np.zeros(SHAPE, np.float32), 0.0) for _ in range(20)]
    same([*results, *gradients], before)
    part = gradients[0][1:, 0]
    del gradients
    assert roundtrip.begin(x) is None
    del part
    gc.collect()
    gone(layer, roundtrip, *given())
    same(results, before[:2])
    assert not any(array.any() for array in others)


def test_gradients_lie_where_maps_have_lain():
    filters = numbers(1, 1, 64, 64)

    def work(x):
        maps = [cpu.activate(x, RELU)]
        for _ in range(3):
            maps.append(cpu.conv2d(maps[-1], filters, Window()))

        def back(dys):
            (dy,), gradients = dys, []
            while len(maps) > 1:
                maps.pop()
                gradients.append(cpu.conv2d_dw(dy, maps[-1], filters.shape, Window())[0])
                dy = cpu.conv2d_dx(dy, filters, dy.shape, Window())
            return gradients

        return [maps[-1]], back

    roundtrip = Roundtrip.of(work, numbers(4, 8, 8, 64), [filters], [])
    trip = roundtrip.begin(numbers(4, 8, 8, 64))
    gradients = trip.back([numbers(4, 8, 8, 64)])
    assert all(map(roundtrip._arena.holds, gradients))
    sizes = [life.size for life in roundtrip._arena._lives]
    assert roundtrip._arena.size < 0.6 * sum(sizes)


def test_one_trip_at_a_time_and_it_is_over_when_nobody_has_it_any_more(layer):
    roundtrip, (x, dys) = layer.roundtrip(), given()
    trip = roundtrip.begin(x)
    assert roundtrip.begin(x) is None
    trip.back(dys)
    assert roundtrip.begin(x) is None
    del trip
    assert roundtrip.begin(x) is not None
    assert roundtrip.begin(x) is not None  # that one was never gone back


def test_where_kernels_do_not_run_there_is_none_and_none_runs(layer):
    roundtrip = layer.roundtrip()
    with jit.pass_over():
        assert roundtrip.begin(numbers(*SHAPE)) is None
        assert cpu.roundtrip(layer.work, numbers(*SHAPE), [], []) is None


def changed(there=lambda y, layer: y, back=lambda dw, layer: dw):
    """The work of a layer, with a hand in its result or its gradient."""

    def of(layer):
        def work(x):
            ys, way = layer.work(x)
            return [there(ys[0], layer), ys[1]], lambda dys: [back(dw, layer) for dw in way(dys)]

        return work

    return of


@pytest.mark.parametrize(
    "work",
    [
        changed(there=lambda y, layer: np.abs(y)),
        changed(there=lambda y, layer: cpu.add(y, float(y.max()))),
        changed(there=lambda y, layer: cpu.add(y, y) if np.abs(layer.filters).max() > layer.most else cpu.negate(y)),
        changed(there=lambda y, layer: cpu.add(y, layer.bias * 2)),
        changed(there=lambda y, layer: layer.filters),
        changed(back=lambda dw, layer: dw * 2),
        changed(back=lambda dw, layer: cpu.add(dw, float(np.abs(layer.filters).sum()))),
        changed(back=lambda dw, layer: layer.filters),
        changed(there=lambda y, layer: [y, np.add(layer.total, 1, out=layer.total)][0]),
    ],
    ids=[
        "a result by NumPy",
        "a number of the result",
        "a branch on weights",
        "numbers made of weights",
        "a weight as result",
        "a gradient by NumPy",
        "a number of the weights",
        "a weight as gradient",
        "an average by NumPy",
    ],
)
def test_there_is_none_where_python_has_a_hand_in_the_numbers(layer, work):
    before = [array.copy() for array in (layer.filters, layer.bias, layer.total)]
    assert layer.roundtrip(work(layer)) is None
    same((layer.filters, layer.bias, layer.total), before)


def test_there_is_none_where_the_calls_differ_from_one_time_to_the_next(layer):
    calls = []

    def work(x):
        calls.append(x)
        ys, back = layer.work(cpu.add(x, x) if len(calls) % 2 else cpu.negate(x))
        return ys, back

    assert layer.roundtrip(work) is None
