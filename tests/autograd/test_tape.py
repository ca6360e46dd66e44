"""The tape: order, accumulation, release, and who owns a gradient."""

import gc
import threading
import weakref
from typing import ClassVar

import numpy as np
import pytest

from cnnkit import ops
from cnnkit.autograd import Function, Tensor, is_recording, no_grad
from cnnkit.errors import ShapeError, UsageError


@pytest.fixture
def x() -> Tensor:
    return Tensor(np.array([1.0, 2.0, 3.0]), requires_grad=True)


def test_a_tensor_used_twice_gets_both_gradients(x):
    ops.sum(x * x + x).backward()
    np.testing.assert_array_equal(x.grad, 2 * x.data + 1)


def test_a_result_used_twice_waits_for_both_gradients(x):
    y = ops.exp(x)
    ops.sum(y * y + y).backward()
    np.testing.assert_allclose(x.grad, 2 * np.exp(2 * x.data) + np.exp(x.data), rtol=1e-14)


def test_gradients_add_up_over_backward_calls(x):
    for _ in range(3):
        ops.sum(x * 2).backward()
    np.testing.assert_array_equal(x.grad, [6, 6, 6])


def test_a_gradient_is_an_array_of_the_leafs_own(x):
    y = Tensor(np.ones(3), requires_grad=True)
    z = Tensor(np.ones((1, 3)), requires_grad=True)
    ops.sum(ops.reshape(x + y, (1, 3)) + z).backward()
    assert not np.may_share_memory(x.grad, y.grad)
    assert not np.may_share_memory(x.grad, z.grad)
    x.grad *= 5
    np.testing.assert_array_equal(y.grad, [1, 1, 1])


def test_the_callers_dy_is_not_taken_over(x):
    dy = np.ones((3, 1))
    ops.reshape(x, (3, 1)).backward(dy)
    x.grad *= 5
    assert (dy == 1).all()


def test_a_gradient_has_the_dtype_of_its_leaf():
    w = Tensor(np.ones(3, np.float32), requires_grad=True)
    ops.sum(w * Tensor(np.ones(3))).backward()
    assert w.grad.dtype == np.float32


def test_constants_get_no_gradient(x):
    y = Tensor(np.ones(3))
    ops.sum(x * y).backward()
    assert y.grad is None


def test_backward_twice_says_what_is_wrong(x):
    y = ops.sum(x * x)
    y.backward()
    with pytest.raises(UsageError, match=r"backward was already called through this result.*Compute the result again"):
        y.backward()


def test_backward_through_a_shared_part_says_what_is_wrong(x):
    shared = x * x
    first, second = ops.sum(shared), ops.mean(shared)
    first.backward()
    before = x.grad.copy()
    with pytest.raises(UsageError, match="already called"):
        second.backward()
    np.testing.assert_array_equal(x.grad, before)


def test_no_grad_records_nothing_and_ends_with_its_block(x):
    with no_grad():
        assert not is_recording()
        assert not (x * x).requires_grad
        with no_grad():
            pass
        assert not is_recording()
    assert is_recording()
    assert (x * x).requires_grad


def test_no_grad_ends_with_an_error_too():
    with pytest.raises(ZeroDivisionError), no_grad():
        1 / 0  # noqa: B018
    assert is_recording()


def test_no_grad_is_a_matter_of_its_thread():
    seen = []
    with no_grad():
        thread = threading.Thread(target=lambda: seen.append(is_recording()))
        thread.start()
        thread.join()
    assert seen == [True]


def test_a_long_chain_needs_no_deep_stack(x):
    y = x
    for _ in range(3000):
        y = y + 1.0
    ops.sum(y).backward()
    np.testing.assert_array_equal(x.grad, [1, 1, 1])


class _Watched(np.ndarray):
    """An array that a weak reference can point at."""


class _Keep(Function):
    """y = 2x, with an array saved for nothing but to see when it dies."""

    born: ClassVar[list] = []
    alive: ClassVar[list] = []

    @staticmethod
    def forward(ctx, x):
        kept = np.zeros(3).view(_Watched)
        _Keep.born.append(weakref.ref(kept))
        ctx.save(kept)
        return x * 2

    @staticmethod
    def backward(ctx, dy):
        _Keep.alive.append([ref() is not None for ref in _Keep.born])
        return dy * 2


def test_what_was_saved_is_given_back_node_by_node(x):
    _Keep.born.clear()
    _Keep.alive.clear()
    gc.disable()
    try:
        y = ops.sum(_Keep.apply(_Keep.apply(_Keep.apply(x))))
        y.backward()
    finally:
        gc.enable()
    assert _Keep.alive == [[True, True, True], [True, True, False], [True, False, False]]
    assert [ref() for ref in _Keep.born] == [None, None, None]


def test_a_result_that_no_backward_needs_does_not_outlive_the_forward_pass(x):
    class Born(Function):
        @staticmethod
        def forward(ctx, x):
            y = (x + 1).view(_Watched)
            _Keep.born.append(weakref.ref(y))
            return y

        @staticmethod
        def backward(ctx, dy):
            return dy

    _Keep.born.clear()
    total = ops.sum(Born.apply(x) + 1.0)
    assert _Keep.born[0]() is None
    total.backward()


class _Two(Function):
    """Two results, (2x, 3x)."""

    @staticmethod
    def forward(ctx, x):
        return x * 2, x * 3

    @staticmethod
    def backward(ctx, da, db):
        return sum(factor * d for factor, d in ((2, da), (3, db)) if d is not None)


def test_a_function_may_have_two_results(x):
    a, b = _Two.apply(x)
    ops.sum(a * b).backward()
    np.testing.assert_allclose(x.grad, 12 * x.data)


def test_an_unused_result_has_no_gradient(x):
    _, b = _Two.apply(x)
    ops.sum(b).backward()
    np.testing.assert_array_equal(x.grad, [3, 3, 3])


class _WrongCount(Function):
    @staticmethod
    def forward(ctx, x, factor):
        return x * factor

    @staticmethod
    def backward(ctx, dy):
        return dy


class _WrongShape(_WrongCount):
    @staticmethod
    def backward(ctx, dy):
        return dy[:1], None


def test_a_backward_with_too_few_gradients_is_named(x):
    with pytest.raises(ShapeError, match=r"_WrongCount.backward returned 1 gradients for 2 arguments .* None where"):
        ops.sum(_WrongCount.apply(x, 2)).backward()


def test_a_backward_with_a_gradient_of_another_shape_is_named(x):
    with pytest.raises(ShapeError, match=r"_WrongShape.backward returned a gradient \(1,\) .* shape \(3,\)"):
        ops.sum(_WrongShape.apply(x, 2)).backward()


def test_needs_tells_backward_what_to_leave_out(x):
    seen = []

    class Spy(Function):
        @staticmethod
        def forward(ctx, x, y, z):
            seen.append(ctx.needs)
            return x + y

        @staticmethod
        def backward(ctx, dy):
            return dy, None, None

    Spy.apply(x, Tensor(np.ones(3)), 7)
    assert seen == [(True, False, False)]
