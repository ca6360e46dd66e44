"""`kernels.use(precision=...)`: fast may use Winograd, exact sums plainly."""

import threading

import numpy as np
import pytest
from conv_operands import ConvCase, assert_conv_agrees, random_array

from cnnkit import config, kernels
from cnnkit.errors import UsageError
from cnnkit.kernels import cpu
from cnnkit.kernels.shared.geometry import Window

SAME = Window(1, 1, 1, 1, 1, 1)
CASE = ConvCase((1, 13, 14, 17), (3, 3, 17, 18), SAME)


@pytest.fixture
def operands(rng):
    return random_array(rng, *CASE.x), random_array(rng, *CASE.w), random_array(rng, *CASE.y)


def convolutions(x, w, dy):
    return cpu.conv2d(x, w, SAME), cpu.conv2d_dx(dy, w, x.shape, SAME), cpu.conv2d_dw(dy, x, CASE.w, SAME)[0]


@pytest.mark.parametrize("case", [CASE, ConvCase((1, 6, 7, 17), (5, 5, 17, 18), Window(1, 1, 2, 2, 2, 2))])
def test_exact_agrees_with_the_definition_closely(case, rng):
    with kernels.use(precision="exact"):
        assert_conv_agrees(cpu, case, rng, ends=True, factor=1.0)


def test_exact_is_the_direct_schedule_and_fast_is_not(operands, monkeypatch):
    fast = convolutions(*operands)
    with kernels.use(precision="exact"):
        exact = convolutions(*operands)
    for place in (cpu.conv.schedule, cpu.conv.schedule.winograd):
        monkeypatch.setattr(place, "use_winograd", lambda *shapes: False)
    for plain, found, other in zip(convolutions(*operands), exact, fast, strict=True):
        np.testing.assert_array_equal(found, plain)
        assert (found != other).any()


def reach(array):
    """Rows and columns of an image in which a NaN lies."""
    bad = np.isnan(array[0]).any(axis=-1)
    return int(bad.any(axis=1).sum()), int(bad.any(axis=0).sum())


@pytest.mark.parametrize("at", [(4, 4), (5, 7), (0, 0), (12, 13)])
def test_a_nan_reaches_only_what_reads_it(operands, at):
    x, w, dy = operands
    x[0, *at, 3] = dy[0, *at, 3] = np.nan
    with kernels.use(precision="exact"):
        y, dx, dw = convolutions(x, w, dy)
    rows, columns = (3 - (place in (0, end)) for place, end in zip(at, (12, 13), strict=True))
    assert reach(y) == reach(dx) == (rows, columns)
    assert np.isnan(dw[1, 1, :, 3]).all() and np.isfinite(dw[:, :, :3, :3]).all()
    for spread in map(reach, convolutions(x, w, dy)[:2]):
        assert max(spread) <= 5


@pytest.mark.parametrize("at", [(6, 6), (5, 7)])
def test_a_nan_reaches_little_more_than_what_reads_it_with_5x5_filters(rng, at):
    x, w = random_array(rng, *CASE.x), random_array(rng, 5, 5, 17, 18)
    x[0, *at, 3] = np.nan
    with kernels.use(precision="exact"):
        assert reach(cpu.conv2d(x, w, Window(1, 1, 2, 2, 2, 2))) == (5, 5)
    assert max(reach(cpu.conv2d(x, w, Window(1, 1, 2, 2, 2, 2)))) <= 6


def test_packed_filters_follow_the_choice_of_each_call(operands):
    x, w, dy = operands
    packed = cpu.pack(w)
    for precision in ("fast", "exact", "fast"):
        with kernels.use(precision=precision):
            np.testing.assert_array_equal(cpu.conv2d(x, packed, SAME), cpu.conv2d(x, w, SAME))
            np.testing.assert_array_equal(cpu.conv2d_dx(dy, packed, x.shape, SAME), cpu.conv2d_dx(dy, w, x.shape, SAME))


def test_choices_nest():
    assert kernels.precision() == "fast"
    with kernels.use(precision="exact"):
        with kernels.use(threads=1):
            assert kernels.precision() == "exact"
        with kernels.use(precision="fast"):
            assert kernels.precision() == "fast"
        assert kernels.precision() == "exact"
    assert kernels.precision() == "fast"


def test_a_choice_ends_with_an_exception():
    with pytest.raises(RuntimeError), kernels.use(precision="exact"):
        raise RuntimeError
    assert kernels.precision() == "fast"


def test_other_threads_see_the_choice():
    seen = []
    with kernels.use(precision="exact"):
        thread = threading.Thread(target=lambda: seen.append(kernels.precision()))
        thread.start()
        thread.join()
    assert seen == ["exact"]


def test_the_environment_is_the_default(monkeypatch):
    monkeypatch.setenv("CNNKIT_PRECISION", "exact")
    config.default_precision.cache_clear()
    assert kernels.precision() == "exact"
    monkeypatch.setenv("CNNKIT_PRECISION", "double")
    config.default_precision.cache_clear()
    with pytest.raises(UsageError, match="CNNKIT_PRECISION is 'double', expected one of fast, exact"):
        kernels.precision()


@pytest.mark.parametrize("backend", ["cpu", "reference"])
def test_tf32_is_for_cuda_and_says_so(backend):
    with (
        pytest.raises(UsageError, match=r"tensor cores of a CUDA device. Use --backend cuda, or --precision fast"),
        kernels.use(backend=backend, precision="tf32"),
    ):
        pass
    assert kernels.precision() == "fast"
