"""Training steps made again by their kernels: the same bits as if each were computed, whatever happens around them."""

from contextlib import nullcontext

import numpy as np
import pytest

from cnnkit import kernels, models, nn, ops, optim
from cnnkit.autograd import Tensor, no_grad, traced
from cnnkit.graph import Learning
from cnnkit.graph.learning import BEFORE, MOST
from cnnkit.models.detection.detector import BoxBatch
from cnnkit.nn.outputs import leaves

RNG = np.random.default_rng(0)


def images(shape):
    return RNG.standard_normal(shape).astype(np.float32)


def built(name, size=32):
    return models.create(name, classes=5, in_channels=3, image_size=(size, size), rng=np.random.default_rng(0))


def loss_of(y, count):
    """Of all results; labels differ from one step to the next."""
    labels = RNG.integers(0, 2, count)
    total = None
    for leaf in leaves(y):
        rows = ops.reshape(leaf, (count, -1))
        value = ops.cross_entropy(rows, labels) + ops.mean(rows * rows)
        total = value if total is None else total + value
    return total


class Steps:
    """A training, with a way of its own to compute and the same beginning as any other."""

    def __init__(self, module, again):
        self.module, self.learning = module, Learning(module)
        self.again = again
        self.optimiser = optim.SGD(module.parameters(), lr=1e-3, momentum=0.9, weight_decay=1e-3)
        self.losses = []

    def loss(self, x):
        if not self.again:
            return loss_of(self.module(Tensor(x)), len(x))
        with self.learning.again():
            return loss_of(self.module(Tensor(x)), len(x))

    def step(self, x):
        loss = self.loss(x)
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()
        self.losses.append(loss.item())

    def bits(self):
        arrays = self.module.state_dict() | self.optimiser.state_dict()
        return [np.array(array).tobytes() for array in arrays.values()], self.losses

    @property
    def way(self):
        return self.learning._way and self.learning._way.run


def both(make, act, kind=Steps):
    """What `act` leaves of a training that is made again, and the same of one that is computed."""
    found = []
    for again in (True, False):
        RNG.bit_generator.state = np.random.default_rng(1).bit_generator.state
        steps = kind(make(), again)
        act(steps)
        found.append(steps)
    assert found[0].bits() == found[1].bits()
    return found[0]


def some(steps, count, shape=(2, 32, 32, 3)):
    for _ in range(count):
        steps.step(images(shape))


SLOW = pytest.mark.slow


@pytest.mark.parametrize(
    "name",
    [
        "lenet5",
        "resnet20",
        pytest.param("shufflenet_v2_x0_5", marks=SLOW),
        "unet_bn_w16_d3",
        pytest.param("digitnet", marks=SLOW),
        pytest.param("squeezenet1_1", marks=SLOW),
        pytest.param("mobilenet_v2", marks=SLOW),
        pytest.param("googlenet", marks=SLOW),
        pytest.param("vgg11_bn", marks=SLOW),
        pytest.param("mobilenet_v3_large", marks=SLOW),
    ],
)
def test_the_steps_of_each_kind_of_network_have_the_same_bits(name):
    steps = both(lambda: built(name), lambda steps: some(steps, BEFORE + 3))
    assert steps.way is not None and steps.learning.searches == 1
    assert np.isfinite(steps.losses).all()


def boxes(count, side, most=3):
    """True boxes of some images, others at each step."""
    low = RNG.uniform(0, side / 2, (count, most, 2))
    corners = np.concatenate([low, low + RNG.uniform(side / 8, side / 2, low.shape)], axis=-1).astype(np.float32)
    return BoxBatch(corners, RNG.integers(0, 5, (count, most)), np.zeros((count, most), np.bool_))


class Finding(Steps):
    """A training of a network that finds boxes: its loss is of what a method tells, not of what it gives."""

    def loss(self, x):
        with self.learning.again() if self.again else nullcontext():
            first, *others = self.module.losses(Tensor(x), boxes(len(x), x.shape[1])).values()
            return sum(others, first)


@pytest.mark.parametrize(
    "name",
    [
        "yolo_nano_x0_25",
        "ssd_nano_x0_25",
        "faster_rcnn_nano_x0_25",
        pytest.param("yolo_fastest", marks=SLOW),
        pytest.param("ssdlite320_mobilenet_v3_large_x0_25", marks=SLOW),
    ],
)
def test_the_steps_of_networks_that_find_boxes_have_the_same_bits(name):
    shape = (2, 64, 64, 3)
    steps = both(lambda: built(name, 64), lambda steps: some(steps, BEFORE + 3, shape), Finding)
    assert steps.way is not None and steps.learning.searches == 1


def test_a_detector_whose_numbers_come_from_a_method_set_on_it_is_computed():
    def ours():
        network = built("yolo_nano_x0_25", 64)
        found = network.maps
        network.maps = lambda x: [(head, numbers * 0.5) for head, numbers in found(x)]
        return network

    assert both(ours, lambda steps: some(steps, BEFORE + 3, (2, 64, 64, 3)), Finding).way is None


class Small(nn.Module):
    """A network of cnnkit's own, so it says: one result, or two of which the second rests on more."""

    __module__ = "cnnkit.of_a_test"

    def __init__(self, results=1):
        rng = np.random.default_rng(0)
        self.conv, self.norm = nn.Conv2d(3, 6, 3, rng=rng), nn.BatchNorm2d(6, activation="relu")
        self.end, self.more = nn.Linear(6, 2, rng=rng), nn.Linear(6, 3, rng=rng)
        self.results = results

    def forward(self, x):
        y = ops.mean(self.norm(self.conv(x)), axis=(1, 2))
        return self.end(y) if self.results == 1 else {"first": self.end(y), "second": (self.more(y), None)}


SHAPE = (4, 8, 8, 3)


def made(steps):
    """Take steps until the network's are made again."""
    some(steps, BEFORE + 2, SHAPE)
    assert not steps.again or steps.way is not None


def smaller(steps):
    for _ in range(3):  # epochs
        some(steps, BEFORE + 2, SHAPE)
        some(steps, 1, (2, 8, 8, 3))


def accumulated(steps):
    made(steps)
    for _ in range(3):
        for _ in range(2):
            steps.loss(images(SHAPE)).backward()
        optim.clip_grad_norm(steps.optimiser.parameters, 0.1)
        steps.optimiser.step()
        steps.optimiser.zero_grad()


def two_at_once(steps):
    made(steps)
    for _ in range(2):
        (steps.loss(images(SHAPE)) + steps.loss(images(SHAPE))).backward()


def never_gone_back(steps):
    made(steps)
    for _ in range(3):
        steps.loss(images(SHAPE))
    some(steps, 2, SHAPE)


def judged(steps):
    made(steps)
    for _ in range(2):
        steps.module.eval()
        with no_grad():
            steps.losses.append(steps.loss(images(SHAPE)).item())
        steps.module.train()
        some(steps, 2, SHAPE)


def averaged(steps):
    ema, lookahead = optim.EMA(steps.module, 0.9), optim.Lookahead(steps.module, 2)
    for _ in range(2 * BEFORE + 2):
        steps.step(images(SHAPE))
        ema.update()
        lookahead.update(0.5)
        with ema.swapped(), no_grad():
            steps.losses.append(steps.loss(images(SHAPE)).item())


def loaded(steps):
    state = {name: np.array(array) for name, array in steps.module.state_dict().items()}
    made(steps)
    steps.module.load_state_dict(state)
    some(steps, 2, SHAPE)


def other_weights(steps):
    made(steps)
    steps.module.conv.weight.data = kernels.home().put(images((3, 3, 3, 6)))
    some(steps, 2, SHAPE)


def frozen(steps):
    made(steps)
    steps.module.conv.weight.requires_grad = False
    some(steps, 2, SHAPE)
    steps.module.norm.frozen = True
    steps.module.train()
    some(steps, BEFORE + 2, SHAPE)


def other_settings(steps):
    made(steps)
    steps.module.norm.momentum = 0.5
    some(steps, 2, SHAPE)
    steps.module.norm.activation = "identity"
    some(steps, 2, SHAPE)


def another_part(steps):
    made(steps)
    steps.module.end = nn.Linear(6, 2, rng=np.random.default_rng(5))
    some(steps, 2, SHAPE)


def forward_of_its_own(steps):
    made(steps)
    norm = steps.module.norm
    norm.forward = lambda x: ops.relu(x)
    some(steps, BEFORE + 2, SHAPE)


def exact(steps):
    made(steps)
    with kernels.use(precision="exact"):
        some(steps, BEFORE + 2, SHAPE)


def another_thread_count(steps):
    made(steps)
    with kernels.use(threads=1):
        some(steps, 1, SHAPE)
    with kernels.use(threads=2):
        some(steps, 1, SHAPE)


@pytest.mark.parametrize(
    "act",
    [
        smaller,
        accumulated,
        two_at_once,
        never_gone_back,
        judged,
        averaged,
        loaded,
        other_weights,
        frozen,
        other_settings,
        another_part,
        forward_of_its_own,
        exact,
        another_thread_count,
    ],
)
def test_the_bits_are_those_of_steps_that_are_computed(act):
    assert both(Small, act).learning.searches in (1, 2)


def only_the_first(steps):
    """A loss that has no use for the second result: what leads to it alone has no gradient."""
    for _ in range(BEFORE + 3):
        steps.optimiser.zero_grad()
        with steps.learning.again() if steps.again else nullcontext():
            y = steps.module(Tensor(images(SHAPE)))
        loss_of(y["first"], len(SHAPE)).backward()
        assert steps.module.more.weight.grad is None and steps.module.conv.weight.grad is not None
        steps.optimiser.step()


def test_several_results_and_one_that_nobody_uses():
    steps = both(lambda: Small(results=2), lambda steps: (made(steps), only_the_first(steps)))
    assert steps.learning.searches == 1


def test_gradients_are_the_callers_own_also_when_they_were_kept():
    steps = Steps(Small(), True)
    made(steps)
    kept = [parameter.grad for parameter in steps.module.parameters() if parameter.grad is not None]
    before = [array.copy() for array in kept]
    some(steps, 3, SHAPE)
    np.testing.assert_equal(kept, before)


class Dropped(Small):
    """Three layers of three seeds drop elements: of the images, of what both results rest on, and of one's way."""

    __module__ = "cnnkit.of_a_test"

    def __init__(self, results=1):
        super().__init__(results)
        self.first, self.middle, self.last = (nn.Dropout(0.3, seed=seed) for seed in range(3))

    def forward(self, x):
        y = self.middle(ops.mean(self.norm(self.conv(self.first(x))), axis=(1, 2)))
        return self.end(y) if self.results == 1 else {"first": self.end(y), "second": (self.more(self.last(y)), None)}


@pytest.mark.parametrize("act", [smaller, two_at_once, never_gone_back, judged, loaded, another_thread_count])
def test_every_step_drops_what_it_would_if_it_were_computed(act):
    steps = both(Dropped, act)
    assert steps.learning.searches in (1, 2) and steps.way is not None
    assert steps.module.first.counter > 0


def test_what_is_dropped_differs_from_step_to_step():
    steps = Steps(Dropped(), True)
    made(steps)
    x = images(SHAPE)
    with steps.learning.again():
        first = steps.module(Tensor(x)).data.copy()
    with steps.learning.again():
        assert (steps.module(Tensor(x)).data != first).any()


def test_the_way_back_of_some_results_drops_what_the_way_there_did():
    steps = both(lambda: Dropped(results=2), lambda steps: (made(steps), only_the_first(steps)))
    assert steps.learning.searches == 1 and steps.way is not None


def copied(arrays):
    return {name: np.array(array) for name, array in arrays.items()}


def resumed(steps):
    """A training of its own that goes on from what this one holds now, beside this one."""
    made(steps)
    other = Steps(Dropped(), steps.again)
    other.module.load_state_dict(copied(steps.module.state_dict()))
    other.optimiser.load_state_dict(copied(steps.optimiser.state_dict()))
    before = RNG.bit_generator.state
    some(other, BEFORE + 2, SHAPE)
    RNG.bit_generator.state = before
    done = len(steps.losses)
    some(steps, BEFORE + 2, SHAPE)
    assert not steps.again or other.way is not None
    assert (other.bits()[0], other.losses) == (steps.bits()[0], steps.losses[done:])


def test_a_training_that_goes_on_from_a_saved_state_drops_the_same():
    both(Dropped, resumed)


class Shared(Small):
    __module__ = "cnnkit.of_a_test"

    def forward(self, x):
        y = self.conv(x)
        return ops.mean(self.norm(y) + self.norm(y), axis=(1, 2))


class Active(Small):
    __module__ = "cnnkit.of_a_test"

    def __init__(self):
        super().__init__()
        self.end = nn.Linear(6, 2, activation="relu")


class Drawing(Small):
    """It counts in Python what it draws, so its kernels alone would always drop the same."""

    __module__ = "cnnkit.of_a_test"

    def __init__(self):
        super().__init__()
        self.register_buffer("counter", np.zeros((), np.int64))

    def forward(self, x):
        stream = int(self.counter)
        self.counter[...] = stream + 1
        return super().forward(ops.dropout(x, 0.1, (0, stream)))


class Counting(Small):
    """Not cnnkit's: it branches on a number of its own."""

    def __init__(self):
        super().__init__()
        self.calls = 0

    def forward(self, x):
        self.calls += 1
        return super().forward(Tensor(np.abs(x.numpy()) if self.calls % 2 else x.numpy()))


@pytest.mark.parametrize("make", [Shared, Active, Drawing, Counting])
def test_a_network_that_would_have_other_bits_is_computed(make):
    assert both(make, lambda steps: some(steps, BEFORE + 4, SHAPE)).way is None


def test_where_a_gradient_by_the_images_is_wanted_it_is_computed():
    steps = Steps(Small(), True)
    made(steps)
    x = Tensor(images(SHAPE), requires_grad=True)
    with steps.learning.again():
        loss_of(steps.module(x), len(SHAPE)).backward()
    assert x.grad is not None


def test_who_is_told_of_calls_is_told_as_ever():
    steps = Steps(Small(), True)
    made(steps)
    with traced() as calls:
        steps.loss(images(SHAPE))
    assert [function.__name__ for function, _, _ in calls][:2] == ["_Conv2d", "_BatchNorm"]


def test_a_network_or_shapes_that_always_change_are_left_in_peace():
    steps = Steps(Small(), True)
    for side in range(8, 16):
        some(steps, BEFORE + 1, (2, side, side, 3))
    assert steps.learning.searches == MOST
    steps = Steps(Small(), True)
    for side in range(8, 16):
        steps.module.norm.eps = side * 1e-5
        some(steps, BEFORE + 1, SHAPE)
    assert steps.learning.searches == MOST


def test_the_definitions_and_rehearsals_have_no_way():
    steps = Steps(Small(), True)
    with kernels.use(backend="reference"):
        some(steps, BEFORE + 1, (2, 4, 4, 3))
    assert steps.way is None
    steps = Steps(Small(), True)
    made(steps)
    with kernels.shapes_only():
        steps.loss(images(SHAPE)).backward()
