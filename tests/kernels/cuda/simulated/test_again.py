"""Work made again by one launch: the same bits as the work itself, or none at all."""

import threading

import numpy as np
import pytest
from there import here, there

from cnnkit import kernels, nn, ops, optim
from cnnkit.autograd import Tensor
from cnnkit.graph import Learning
from cnnkit.graph.learning import BEFORE
from cnnkit.kernels import cuda
from cnnkit.kernels.cuda.machine.memory import size_class
from cnnkit.kernels.shared.scalar import RELU

pytestmark = pytest.mark.usefixtures("on_cuda")
RNG = np.random.default_rng(0)
SHAPE = (2, 6)


def numbers(*shape):
    return RNG.standard_normal(shape).astype(np.float32)


def same(found, expected):
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)


class Layer:
    """y = relu(x·w), and its sum; what y sums to over time is kept in `total` as a running average would be."""

    def __init__(self):
        self.weights, self.total, self.factor = there(numbers(*SHAPE)), there(np.zeros(SHAPE, np.float32)), 1.0

    def answer(self, x):
        y = cuda.activate(cuda.multiply(x, self.weights), RELU)
        return [y, cuda.sum_over(y, (0,))]

    def work(self, x):
        y, total = self.answer(x)
        cuda.add(self.total, cuda.multiply(y, self.factor), out=self.total)

        def back(dys):
            dz = cuda.activate_dx(cuda.add(dys[0], dys[1]), y, RELU)
            return [cuda.multiply(dz, x)]

        return [y, total], back

    def roundtrip(self, work=None):
        return cuda.roundtrip(work or self.work, there(numbers(*SHAPE)), [self.weights], [self.total])

    def computed(self, x, dys):
        ys, back = self.work(x)
        return list(map(here, [*ys, *back(dys), self.total]))


def given():
    return there(numbers(*SHAPE)), [there(numbers(*SHAPE)), there(numbers(SHAPE[1]))]


def gone(layer, way, x, dys):
    trip = way.begin(x)
    return list(map(here, [*trip.results, *trip.back(dys), layer.total]))


@pytest.fixture
def layer():
    return Layer()


def test_a_program_has_the_bits_of_the_work_and_what_it_gives_is_the_callers(layer):
    program, kept = cuda.program(layer.answer, there(numbers(*SHAPE))), []
    for _ in range(3):
        x = there(numbers(*SHAPE))
        kept.append((program(x), [here(y) for y in layer.answer(x)]))
    for found, expected in kept:
        same(map(here, found), expected)


def test_another_python_thread_does_not_get_into_what_is_noted(layer):
    from cnnkit.kernels.cuda.machine.launch import chip

    room, x, found = chip.room(), there(numbers(*SHAPE)), []

    def work():
        thread = threading.Thread(target=lambda: found.append(here(cuda.negate(x))))
        thread.start()
        thread.join()
        return cuda.add(x, 1.0)

    graph, place = chip.captured(work, room)
    same(found, [-here(x)])
    graph.launch()
    same([here(place)], [here(x) + np.float32(1)])


@pytest.mark.parametrize("asks", [lambda x: here(x), lambda x: there(numbers(2))], ids=["asks", "brings"])
def test_work_that_asks_for_numbers_or_brings_some_is_not_made_again(layer, asks):
    def work(x):
        asks(x)
        return layer.answer(x)

    assert cuda.program(work, there(numbers(*SHAPE))) is None
    same(map(here, work(there(np.ones(SHAPE, np.float32)))), map(here, layer.answer(there(np.ones(SHAPE, np.float32)))))


def test_work_with_a_number_of_pythons_that_changes_is_not_made_again(layer):
    def work(x):
        layer.factor += 1.0
        return layer.work(x)

    assert layer.roundtrip(work) is None
    assert layer.roundtrip() is not None


@pytest.mark.parametrize("counts", [False, True])
def test_what_lies_on_this_machine_must_stay_as_it_is(layer, counts):
    counter = np.zeros((), np.int64)

    def work(x):
        counter[...] += counts
        return layer.work(x)

    way = cuda.roundtrip(work, there(numbers(*SHAPE)), [layer.weights], [layer.total, counter])
    assert (way is None) == counts and counter == 0


def test_to_look_for_a_way_changes_nothing(layer):
    before = here(layer.weights), here(layer.total)
    assert layer.roundtrip() is not None
    same((here(layer.weights), here(layer.total)), before)


def test_a_roundtrip_has_the_bits_of_the_work_for_other_numbers_and_weights(layer):
    way = layer.roundtrip()
    for _ in range(2):
        cuda.copy_into(layer.weights, numbers(*SHAPE))
        x, dys = given()
        cuda.copy_into(layer.total, np.zeros(SHAPE, np.float32))
        expected = layer.computed(x, dys)
        cuda.copy_into(layer.total, np.zeros(SHAPE, np.float32))
        same(gone(layer, way, x, dys), expected)


def test_no_trip_begins_while_somebody_has_a_gradient_of_the_one_before(layer):
    way, (x, dys) = layer.roundtrip(), given()
    trip = way.begin(x)
    assert way.begin(x) is None
    (gradient,) = trip.back(dys)
    del trip
    seen = gradient.reshape((-1,))
    del gradient
    assert way.begin(x) is None
    del seen
    assert way.begin(x) is not None
    with kernels.shapes_only():
        assert way.begin(x) is None


def test_memory_that_an_array_leaves_is_taken_again(layer):
    def work(x):
        for _ in range(20):
            x = cuda.multiply(x, 1.5)
        return [x], lambda dys: [cuda.negate(dys[0])]

    way = cuda.roundtrip(work, there(numbers(40, 40)), [], [])
    assert way.room.size <= 4 * size_class(4 * 40 * 40)


def test_a_network_learns_with_equal_bits_where_its_steps_are_made_again():
    def steps(again):
        rng = np.random.default_rng(0)
        first, last = nn.Linear(6, 4, rng=rng), nn.Linear(4, 3, rng=rng)
        network = nn.Sequential(nn.Flatten(), first, nn.ReLU(), nn.Dropout(0.4), last).train()
        moved = optim.SGD(network.parameters(), lr=0.1, momentum=0.9)
        learning, losses = Learning(network), []
        for step in range(BEFORE + 3):
            moved.zero_grad()
            x = np.random.default_rng(step).standard_normal((2, 2, 3, 1)).astype(np.float32)
            if again:
                with learning.again():
                    loss = ops.cross_entropy(network(Tensor(x)), np.array([step % 3, 1]))
                    loss.backward()
            else:
                loss = ops.cross_entropy(network(Tensor(x)), np.array([step % 3, 1]))
                loss.backward()
            moved.step()
            losses.append(loss.numpy())
        assert not again or learning._way.run is not None
        return [*losses, *map(here, network.state_dict().values())]  # among them what dropout has counted

    same(steps(True), steps(False))
