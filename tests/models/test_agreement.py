"""Whole networks: the fast kernels must train as the definitions do."""

import numpy as np
import pytest

from cnnkit import kernels, models, ops

# The smallest square that each network takes: the definitions are slow.
SIZES = {"lenet5": 12, "convnet": 6, "digitnet": 4}


def loss_and_gradients(name: str, backend: str) -> tuple[float, dict[str, np.ndarray]]:
    size = SIZES[name]
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, size, size, 1)).astype(np.float32)
    with kernels.use(backend=backend):
        model = models.create(name, classes=3, image_size=(size, size), rng=rng)
        loss = ops.cross_entropy(model(x), np.array([2, 0]), label_smoothing=0.1)
        loss.backward()
    return loss.item(), {key: parameter.grad for key, parameter in model.named_parameters()}


@pytest.mark.parametrize("name", models.names())
def test_loss_and_gradients_are_those_of_the_definitions(name):
    loss, gradients = loss_and_gradients(name, "cpu")
    expected_loss, expected = loss_and_gradients(name, "reference")
    # six layers of float32, each exact to about 1e-6 of its greatest value
    assert loss == pytest.approx(expected_loss, rel=1e-5)
    for key, dw in gradients.items():
        np.testing.assert_allclose(dw, expected[key], rtol=0, atol=2e-5 * np.abs(expected[key]).max(), err_msg=key)


def test_every_model_is_compared():
    assert set(SIZES) == set(models.names())
