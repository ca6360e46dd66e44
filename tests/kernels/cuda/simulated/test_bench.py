"""The benchmark of a device as far as it goes without one: cases checked and counted, by a clock that is pretended."""

import numpy as np
import pytest

from cnnkit import kernels
from cnnkit.autograd import Tensor
from cnnkit.bench.cases import Case
from cnnkit.bench.conv_cases import Layer, conv_case
from cnnkit.bench.network_cases.learning import learning_case
from cnnkit.bench.on_cuda import clock
from cnnkit.bench.on_cuda.measure import measure_case, run
from cnnkit.bench.on_cuda.roof import Roof, roof
from cnnkit.bench.timer import timing_of
from cnnkit.bench.twins.torch_twin import loss_of
from cnnkit.errors import CheckFailed, UsageError
from cnnkit.kernels import cuda
from cnnkit.kernels.cuda.machine import measured
from cnnkit.nn import Flatten, Linear, Sequential

pytestmark = pytest.mark.usefixtures("on_cuda")
TINY = Layer("tiny", 1, 5, 4, 4, 3)


def pretended(functions, *, seconds):
    """The first takes a millisecond, the others two."""
    return [timing_of([0.001 + 0.001 * (place > 0)]) for place, _ in enumerate(functions)]


@pytest.mark.parametrize("direction", ["forward", "dx", "dw"])
def test_a_convolution_is_checked_and_counted(direction):
    case = conv_case(TINY, direction)
    case.rivals["torch"] = lambda threads: [lambda: None, lambda: None]
    result = measure_case(case, ["torch"], 0.0, Roof(1.0, 1.0), pretended)
    assert result.ms == 1.0 and result.against == {"torch": 2.0} and result.backend == "cuda"
    assert result.gflops == pytest.approx(case.flop / 1e6) and result.peak_fraction == pytest.approx(case.flop / 1e6)


def test_a_figure_above_the_roof_is_refused_and_memory_has_a_roof_of_its_own():
    def nothing():
        pass

    with pytest.raises(CheckFailed, match="more than this device can do"):
        measure_case(Case("x", nothing, nothing, flop=3e6), [], 0.0, Roof(1.0, 1.0), pretended)
    moving = Case("x", nothing, nothing, moved=1e6)
    assert measure_case(moving, [], 0.0, Roof(1.0, 4.0), pretended).peak_fraction == pytest.approx(0.25)


def test_what_is_not_measured_there_is_told():
    with pytest.raises(UsageError, match="'start' is not measured on a device"):
        list(run(["start"]))
    with pytest.raises(UsageError, match="torch alone"):
        list(run(["conv"], against=["openvino"]))


def test_a_training_step_passes_its_own_check_there():
    """Its gradient, by a difference of two losses."""
    rng = np.random.default_rng(0)
    x, labels = rng.standard_normal((3, 2, 2, 1), dtype=np.float32), np.array([0, 1, 1])
    model, images = Sequential(Flatten(), Linear(4, 2, rng=rng)), Tensor(x)
    case = learning_case("tiny", model, x, lambda: loss_of(model(images), labels), lambda: None)
    case.check()
    # Three images, 4 x 2 weights: forward, and both gradients, in a millisecond.
    assert measure_case(case, [], 0.0, Roof(1.0, 1.0), pretended).gflops == pytest.approx(2 * 3 * 3 * 8 / 1e6)


def test_calls_are_timed_between_two_looks_at_the_clock():
    calls = []
    ours, other = clock.in_turn([lambda: calls.append("ours"), lambda: calls.append("other")], seconds=0, least=3)
    assert ours.rounds == other.rounds == 3
    # Two calls of each at first; then so many together, between two ticks, as take their time.
    assert ours.median == pytest.approx(3 / (calls.count("ours") - 2))


def test_what_is_measured_does_what_it_counts():
    y = kernels.home().empty((measured.THREADS,))
    assert measured.multiply_add(y, 1) == 2 * 64 * measured.THREADS
    expected = np.arange(measured.THREADS, dtype=np.float32)
    # Seven more chains begin near the first; after 8 rounds all are near a fixed point, b / (1 - a).
    assert np.abs(cuda.fetch(y) - 8 * 0.5).max() < 8 * expected.max() / 2**8 + 0.1
    x, twin = cuda.put(np.arange(8, dtype=np.float32)), cuda.zeros((8,))
    assert measured.copy_fours(x, twin) == 64
    np.testing.assert_array_equal(cuda.fetch(twin), np.arange(8))
    assert roof().gflops > 0 and roof().gbytes > 0
