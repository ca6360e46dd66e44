"""Optimiser steps, in place."""

import numpy as np
import pytest
from agreement import assert_matches

from cnnkit.kernels import cpu, reference
from cnnkit.kernels.cpu.machine import buffers, jit

SIZES = [(0,), (1,), (3, 3, 5, 7), (17,), (40000,)]
SGD = [{}, {"momentum": 0.9}, {"momentum": 0.9, "nesterov": True, "weight_decay": 0.01}]
ADAM = [{"step": 1}, {"step": 5, "weight_decay": 0.1}, {"step": 5, "weight_decay": 0.1, "decoupled": True}]


@pytest.mark.parametrize("shape", SIZES, ids=str)
@pytest.mark.parametrize("options", SGD, ids=str)
def test_sgd_agrees_with_its_definition(rng, shape, options):
    w, dw, velocity = (normal(rng, shape) for _ in range(3))
    compare("sgd", [w, dw, velocity if "momentum" in options else None], lr=0.1, **options)


@pytest.mark.parametrize("shape", SIZES, ids=str)
@pytest.mark.parametrize("options", ADAM, ids=str)
def test_adam_agrees_with_its_definition(rng, shape, options):
    w, dw, m = (normal(rng, shape) for _ in range(3))
    compare("adam", [w, dw, m, 0.1 + normal(rng, shape) ** 2], lr=0.01, **options)


@pytest.mark.parametrize("shape", SIZES, ids=str)
def test_ema_and_scale_agree_with_their_definitions(rng, shape):
    compare("ema", [normal(rng, shape), normal(rng, shape)], decay=0.99)
    compare("scale", [normal(rng, shape)], factor=0.3)


@pytest.mark.parametrize("shape", SIZES, ids=str)
def test_square_sum_agrees_with_its_definition(rng, shape):
    x = normal(rng, shape)
    np.testing.assert_allclose(cpu.square_sum(x), reference.square_sum(x), rtol=1e-6)


@pytest.mark.parametrize("backend", [reference, cpu], ids=["reference", "cpu"])
class TestKnownValues:
    def test_plain_descent(self, backend):
        w = np.array([1, 2], np.float32)
        backend.sgd(w, np.array([1, -1], np.float32), None, lr=0.5)
        np.testing.assert_array_equal(w, [0.5, 2.5])

    def test_momentum_remembers_and_nesterov_looks_ahead(self, backend):
        w, velocity, dw = np.zeros(1, np.float32), np.ones(1, np.float32), np.ones(1, np.float32)
        backend.sgd(w, dw, velocity, lr=1.0, momentum=0.5)
        assert (w.item(), velocity.item()) == (-1.5, 1.5)
        backend.sgd(w, dw, velocity, lr=1.0, momentum=0.5, nesterov=True)
        assert (w.item(), velocity.item()) == (-1.5 - (1 + 0.5 * 1.75), 1.75)

    def test_the_first_step_of_adam_has_the_length_of_the_rate(self, backend):
        w, m, v = (np.zeros(2, np.float32) for _ in range(3))
        backend.adam(w, np.array([5, -0.01], np.float32), m, v, lr=0.125, step=1)
        np.testing.assert_allclose(w, [-0.125, 0.125], rtol=1e-5)

    def test_decoupled_decay_shrinks_the_weight_itself(self, backend):
        w, m, v = np.full(1, 2, np.float32), np.zeros(1, np.float32), np.zeros(1, np.float32)
        backend.adam(w, np.zeros(1, np.float32), m, v, lr=0.5, weight_decay=0.5, decoupled=True, step=1)
        assert (w.item(), m.item()) == (1.5, 0)

    @pytest.mark.parametrize("flaw", [np.nan, np.inf, -np.inf])
    @pytest.mark.parametrize("place", [0, 20, 16_384, 39_999])
    def test_one_bad_element_is_seen(self, backend, flaw, place):
        x = np.ones(40_000, np.float32)
        assert backend.all_finite(x) is True
        x[place] = flaw
        assert backend.all_finite(x) is False

    def test_large_is_not_infinite(self, backend):
        assert backend.all_finite(np.full(100, 3e38, np.float32))
        assert backend.all_finite(np.zeros(0, np.float32))


def test_definitions_also_update_doubles():
    w = np.ones(2)
    reference.sgd(w, np.ones(2), None, lr=0.25)
    np.testing.assert_array_equal(w, [0.75, 0.75])


def test_a_rehearsal_gets_numbers_whatever_they_are():
    """Kernels do not run then, so results are what lay in memory: no wrapper may stumble over that."""
    leftover = buffers.empty(3, np.float64)
    leftover[:] = np.inf, -np.inf, 1e308
    del leftover
    with jit.rehearse() as walked:
        assert isinstance(cpu.square_sum(np.ones(40_000, np.float32)), float)
        assert isinstance(cpu.all_finite(np.ones(40_000, np.float32)), bool)
    assert [entry.name for entry, _ in walked] == ["survey_kernel"]


def compare(name, operands, **options):
    """Run both backends on copies; every operand must end alike."""
    ours, theirs = ([None if x is None else x.copy() for x in operands] for _ in range(2))
    getattr(cpu, name)(*ours, **options)
    getattr(reference, name)(*theirs, **options)
    for actual, expected in zip(ours, theirs, strict=True):
        if actual is not None:
            assert_matches(actual, expected)


def normal(rng, shape):
    return rng.standard_normal(shape).astype(np.float32)
