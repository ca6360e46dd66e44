"""Optimiser steps, in place."""

import numpy as np
import pytest
from agreement import assert_matches

from cnnkit.errors import ShapeError
from cnnkit.kernels import cpu, reference
from cnnkit.kernels.cpu.machine import buffers, jit

# Of the parameters of one step: none, without elements, less than a vector, a vector and some, several pieces.
SHAPES = [[], [(0,)], [(1,)], [(3, 3, 5, 7), (0, 2), (17,), (40000,), (16384,), (1,)]]
every_list = pytest.mark.parametrize("shapes", SHAPES, ids=len)
SGD = [{}, {"momentum": 0.9}, {"momentum": 0.9, "nesterov": True, "weight_decay": 0.01}]
ADAM = [{"step": 1}, {"step": 5, "weight_decay": 0.1}, {"step": 5, "weight_decay": 0.1, "decoupled": True}]


@every_list
@pytest.mark.parametrize("options", SGD, ids=str)
def test_sgd_agrees_with_its_definition(rng, shapes, options):
    w, dw, velocity = (normal(rng, shapes) for _ in range(3))
    compare("sgd", [w, dw, velocity if "momentum" in options else None], lr=0.1, **each(shapes, **options))


@every_list
@pytest.mark.parametrize("options", ADAM, ids=str)
def test_adam_agrees_with_its_definition(rng, shapes, options):
    w, dw, m = (normal(rng, shapes) for _ in range(3))
    v = [0.1 + x**2 for x in normal(rng, shapes)]
    compare("adam", [w, dw, m, v], lr=0.01, **each(shapes, **options))


@every_list
def test_ema_and_scale_agree_with_their_definitions(rng, shapes):
    compare("ema", [normal(rng, shapes), normal(rng, shapes)], decay=0.99)
    compare("scale", [normal(rng, shapes)], factor=0.3)
    compare("clip_norm", [normal(rng, shapes)], most=0.3)
    compare("clip_norm", [normal(rng, shapes)], most=1e6)


def test_gradients_whose_squares_float32_does_not_hold_are_clipped_all_the_same():
    x = [np.array([3e20, -4e20], np.float32), np.zeros(5000, np.float32)]
    assert cpu.square_sum(x) == pytest.approx(reference.square_sum(x), rel=1e-6)
    cpu.clip_norm(x, 5.0)
    np.testing.assert_allclose(x[0], [3, -4], rtol=1e-6)
    assert np.isnan(cpu.square_sum([np.array([3e20, np.nan], np.float32)]))
    assert cpu.square_sum([np.array([3e20, np.inf], np.float32)]) == np.inf


@every_list
def test_square_sum_agrees_with_its_definition(rng, shapes):
    x = normal(rng, shapes)
    np.testing.assert_allclose(cpu.square_sum(x), reference.square_sum(x), rtol=1e-6)


@pytest.mark.parametrize("name", ["sgd", "adam"])
@pytest.mark.parametrize("backend", [reference, cpu], ids=["reference", "cpu"])
def test_a_parameter_moves_as_it_would_alone(rng, backend, name):
    """What differs between parameters stays with its own, and one job for all changes no bit of any."""
    shapes, factors, decays = SHAPES[-1], [1.0, 2.0, 8.0, 0.5, 0.0, 1.0], [0.1, 0.0, 0.2, 0.3, 0.0, 0.1]
    lists = [[np.abs(x) for x in normal(rng, shapes)] for _ in range(3 if name == "sgd" else 4)]
    alone = [[x.copy() for x in arrays] for arrays in lists]
    options = {"lr": 0.1, "momentum": 0.9} if name == "sgd" else {"lr": 0.1, "step": 3}
    getattr(backend, name)(*lists, factors=factors, weight_decay=decays, **options)
    for i, (factor, decay) in enumerate(zip(factors, decays, strict=True)):
        own = [[arrays[i]] for arrays in alone]
        getattr(backend, name)(*own, **options | {"lr": 0.1 * factor}, weight_decay=[decay])
        for arrays, (expected,) in zip(lists, own, strict=True):
            np.testing.assert_array_equal(arrays[i], expected)


def test_a_gradient_of_any_layout_is_taken_and_a_weight_of_another_is_refused(rng):
    w, dw = np.zeros((4, 6), np.float32), rng.standard_normal((6, 4)).T
    cpu.sgd([w], [dw], None, lr=1.0)
    np.testing.assert_array_equal(w, -dw.astype(np.float32))
    for wrong in (np.zeros((6, 4), np.float32).T, np.zeros((4, 6))):
        with pytest.raises(TypeError):  # its numbers would be changed in a copy, or read as what they are not
            cpu.sgd([wrong], [dw], None, lr=1.0)


def test_partners_of_different_sizes_are_refused():
    ones = [np.ones(20, np.float32)]
    with pytest.raises(ShapeError, match="one array differs from its partner"):
        cpu.sgd([np.ones(30, np.float32)], ones, None, lr=1.0)
    with pytest.raises(ShapeError):
        cpu.ema(ones, [*ones, *ones], 0.5)


@pytest.mark.parametrize("backend", [reference, cpu], ids=["reference", "cpu"])
class TestKnownValues:
    def test_plain_descent(self, backend):
        w = np.array([1, 2], np.float32)
        backend.sgd([w], [np.array([1, -1], np.float32)], None, lr=0.5)
        np.testing.assert_array_equal(w, [0.5, 2.5])

    def test_momentum_remembers_and_nesterov_looks_ahead(self, backend):
        w, velocity, dw = np.zeros(1, np.float32), np.ones(1, np.float32), np.ones(1, np.float32)
        backend.sgd([w], [dw], [velocity], lr=1.0, momentum=0.5)
        assert (w.item(), velocity.item()) == (-1.5, 1.5)
        backend.sgd([w], [dw], [velocity], lr=1.0, momentum=0.5, nesterov=True)
        assert (w.item(), velocity.item()) == (-1.5 - (1 + 0.5 * 1.75), 1.75)

    def test_the_first_step_of_adam_has_the_length_of_the_rate(self, backend):
        w, m, v = (np.zeros(2, np.float32) for _ in range(3))
        backend.adam([w], [np.array([5, -0.01], np.float32)], [m], [v], lr=0.125, step=1)
        np.testing.assert_allclose(w, [-0.125, 0.125], rtol=1e-5)

    def test_decoupled_decay_shrinks_the_weight_itself(self, backend):
        w, m, v = np.full(1, 2, np.float32), np.zeros(1, np.float32), np.zeros(1, np.float32)
        dw = np.zeros(1, np.float32)
        backend.adam([w], [dw], [m], [v], lr=0.5, weight_decay=[0.5], decoupled=True, step=1)
        assert (w.item(), m.item()) == (1.5, 0)

    @pytest.mark.parametrize("flaw", [np.nan, np.inf, -np.inf])
    @pytest.mark.parametrize("place", [0, 20, 16_384, 39_999])
    def test_one_bad_element_is_seen(self, backend, flaw, place):
        x, other = np.ones(40_000, np.float32), np.ones(3, np.float32)
        assert backend.all_finite([other, x, other]) is True
        x[place] = flaw
        assert backend.all_finite([other, x, other]) is False

    def test_large_is_not_infinite(self, backend):
        assert backend.all_finite([np.full(100, 3e38, np.float32)])
        assert backend.all_finite([np.zeros(0, np.float32)])
        assert backend.all_finite([])


def test_definitions_also_update_doubles():
    w = np.ones(2)
    reference.sgd([w], [np.ones(2)], None, lr=0.25)
    np.testing.assert_array_equal(w, [0.75, 0.75])


def test_a_rehearsal_gets_numbers_whatever_they_are():
    """Kernels do not run then, so results are what lay in memory: no wrapper may stumble over that."""
    leftover = buffers.empty(3, np.float64)
    leftover[:] = np.inf, -np.inf, 1e308
    del leftover
    with jit.rehearse() as walked:
        assert isinstance(cpu.square_sum([np.ones(40_000, np.float32)]), float)
        assert isinstance(cpu.all_finite([np.ones(40_000, np.float32)]), bool)
    assert [entry.name for entry, _ in walked] == ["survey_kernel"]


def compare(name, lists, **options):
    """Run both backends on copies; every array must end alike."""
    ours, theirs = ([None if arrays is None else [x.copy() for x in arrays] for arrays in lists] for _ in range(2))
    getattr(cpu, name)(*ours, **options)
    getattr(reference, name)(*theirs, **options)
    for actual, expected in zip(ours, theirs, strict=True):
        for one, other in zip(actual or [], expected or [], strict=True):
            assert_matches(one, other)


def each(shapes, weight_decay=None, **options):
    """The options, the decay for every parameter."""
    return options | ({} if weight_decay is None else {"weight_decay": [weight_decay] * len(shapes)})


def normal(rng, shapes):
    return [rng.standard_normal(shape).astype(np.float32) for shape in shapes]
