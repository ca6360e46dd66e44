"""Optimisers: against PyTorch's steps, and stopped and continued."""

import json
from pathlib import Path

import numpy as np
import pytest

from cnnkit import optim
from cnnkit.errors import CheckpointError, UsageError
from cnnkit.nn import Parameter

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "pytorch.json").read_text())["optimisers"]

OPTIMISERS = {
    "sgd": lambda p: optim.SGD(p, lr=0.1),
    "sgd, momentum and decay": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, weight_decay=0.01),
    "nesterov": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
    "adam": lambda p: optim.Adam(p, lr=0.1, weight_decay=0.01),
    "adamw": lambda p: optim.AdamW(p, lr=0.1, weight_decay=0.1),
}
every_optimiser = pytest.mark.parametrize("name", OPTIMISERS)


def formula(shape: tuple[int, ...], phase: float) -> np.ndarray:
    """Numbers without a pattern, within ±1, as in tests/golden/record.py."""
    return np.sin(12.9898 * np.arange(int(np.prod(shape))) + phase).reshape(shape)


def run(optimiser: optim.Optimiser, steps: range) -> None:
    for step in steps:
        for parameter in optimiser.parameters:
            parameter.grad = formula(parameter.shape, 1.0 + step).astype(parameter.dtype)
        optimiser.step()


@every_optimiser
def test_five_steps_are_those_of_pytorch(name):
    w = Parameter(formula((3, 4), 0.0))
    run(OPTIMISERS[name]([w]), range(5))
    np.testing.assert_allclose(w.data.reshape(-1), GOLDEN[name], rtol=1e-12, atol=1e-14)


@every_optimiser
def test_saved_restored_and_continued_gives_the_same_bits(name):
    whole = [Parameter(formula((3, 4), 0.0)), Parameter(formula((4,), 0.5))]
    optimiser = OPTIMISERS[name](whole)
    run(optimiser, range(3))
    saved = {key: array.copy() for key, array in optimiser.state_dict().items()}
    resumed = [Parameter(parameter.data) for parameter in whole]
    run(optimiser, range(3, 6))

    second = OPTIMISERS[name](resumed)
    second.load_state_dict(saved)
    run(second, range(3, 6))
    for one, other in zip(whole, resumed, strict=True):
        np.testing.assert_array_equal(one.data, other.data)


@every_optimiser
def test_weight_decay_leaves_biases_alone(name):
    bias = Parameter(np.ones(3))
    bias.grad = np.zeros(3)
    OPTIMISERS[name]([bias]).step()
    np.testing.assert_array_equal(bias.data, [1, 1, 1])


def test_the_rate_of_a_step_may_be_given():
    w = Parameter(np.ones(2))
    w.grad = np.ones(2)
    optim.SGD([w], lr=0.1).step(lr=0.5)
    np.testing.assert_array_equal(w.data, [0.5, 0.5])


@every_optimiser
def test_a_factor_scales_the_rate_of_some_parameters_alone(name):
    def moved(lr: float, factor: float) -> list[np.ndarray]:
        pair = [Parameter(formula((2, 3), 0.0)), Parameter(formula((3,), 0.5))]
        optimiser = OPTIMISERS[name](pair)
        optimiser.scale_rate(pair[1:], factor)
        for parameter in pair:
            parameter.grad = formula(parameter.shape, 1.0)
        optimiser.step(lr)
        return [parameter.data for parameter in pair]

    plain, scaled, fast = moved(0.01, 1.0), moved(0.01, 8.0), moved(0.08, 1.0)
    np.testing.assert_array_equal(scaled[0], plain[0])
    np.testing.assert_array_equal(scaled[1], fast[1])


def test_a_parameter_without_a_gradient_stays():
    w, other = Parameter(np.ones((2, 2))), Parameter(np.ones(2))
    other.grad = np.ones(2)
    optimiser = optim.SGD([w, other], lr=0.1, momentum=0.9, weight_decay=0.1)
    assert optimiser.gradients()[0] is None
    optimiser.step()
    np.testing.assert_array_equal(w.data, np.ones((2, 2)))


def test_zero_grad_forgets():
    w = Parameter(np.ones(2))
    w.grad = np.ones(2)
    optim.SGD([w], lr=0.1).zero_grad()
    assert w.grad is None


def test_created_by_name():
    w = Parameter(np.ones(2))
    assert isinstance(optim.create("sgd", [w], 0.1, momentum=0.5, nesterov=True), optim.SGD)
    assert isinstance(optim.create("adamw", [w], 0.1), optim.AdamW)
    assert optim.names() == ["sgd", "adam", "adamw"]
    with pytest.raises(UsageError, match=r"no optimiser 'admw'. Did you mean 'adamw'\? Known: sgd, adam, adamw"):
        optim.create("admw", [w], 0.1)


@pytest.mark.parametrize(
    ("create", "message"),
    [
        (lambda p: optim.SGD(p, lr=-1), "lr is -1, expected a finite number of at least 0"),
        (lambda p: optim.SGD(p, lr=float("nan")), "lr is nan"),
        (lambda p: optim.SGD(p, lr=0.1, momentum=1), "momentum is 1, expected a number from 0"),
        (lambda p: optim.SGD(p, lr=0.1, weight_decay=-0.1), "weight_decay is -0.1"),
        (lambda p: optim.SGD(p, lr=0.1, nesterov=True), "nesterov=True looks ahead along the momentum"),
        (lambda p: optim.SGD([], lr=0.1), "expects at least one parameter, but received none"),
        (lambda p: optim.SGD(p, lr=0.1).scale_rate(p, -1), "factor is -1, expected a finite number"),
        (lambda p: optim.Adam(p, betas=(0.9, 1.0)), r"betas\[1\] is 1.0"),
        (lambda p: optim.Adam(p, eps=0), "eps is 0, expected a number above 0"),
    ],
)
def test_what_cannot_be_is_refused(create, message):
    with pytest.raises(UsageError, match=message):
        create([Parameter(np.ones(2))])


def test_a_state_that_does_not_fit_changes_nothing():
    optimiser = optim.SGD([Parameter(np.ones(2))], lr=0.1, momentum=0.9)
    with pytest.raises(
        CheckpointError, match=r"has velocity.0 \(3,\), but SGD here expects \(2,\). Was it saved by an"
    ):
        optimiser.load_state_dict({"steps": np.array(3), "velocity.0": np.ones(3)})
    with pytest.raises(CheckpointError, match=r"has velocity.0 nothing, but"):
        optimiser.load_state_dict({"steps": np.array(3)})
    assert optimiser.steps == 0
