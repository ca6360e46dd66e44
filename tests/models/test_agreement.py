"""Whole networks: the fast kernels must train as the definitions do. Larger ones are compared with torch's instead."""

import numpy as np
import pytest

from cnnkit import kernels, models, ops

# Small squares, as the definitions are slow; where there are norms, more than a pixel must be left in the end.
SIZES = {"lenet5": 12, "lenet_caffe": 16, "convnet": 6, "digitnet": 4, "resnet20": 8}
# Of the greatest value: up to six layers of float32, each exact to about 1e-6. Twenty with norms multiply that, as
# eight pixels of the last stage make a shaky variance; a wrong index errs by more than a tenth.
TOLERANCES = dict.fromkeys(SIZES, 2e-5) | {"resnet20": 2e-4}


def loss_and_gradients(name: str, backend: str) -> tuple[float, dict[str, np.ndarray]]:
    size = SIZES[name]
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, size, size, 1)).astype(np.float32)
    with kernels.use(backend=backend):
        model = models.create(name, classes=3, image_size=(size, size), rng=rng)
        loss = ops.cross_entropy(model(x), np.array([2, 0]), label_smoothing=0.1)
        loss.backward()
    return loss.item(), {key: parameter.grad for key, parameter in model.named_parameters()}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name == "resnet20" else name for name in SIZES]
)
@pytest.mark.slow
def test_loss_and_gradients_are_those_of_the_definitions(name):
    loss, gradients = loss_and_gradients(name, "cpu")
    expected_loss, expected = loss_and_gradients(name, "reference")
    assert loss == pytest.approx(expected_loss, rel=TOLERANCES[name] / 2)
    for key, dw in gradients.items():
        atol = TOLERANCES[name] * np.abs(expected[key]).max()
        np.testing.assert_allclose(dw, expected[key], rtol=0, atol=atol, err_msg=key)
