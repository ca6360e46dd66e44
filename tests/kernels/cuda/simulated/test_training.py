"""Networks that train and predict in the simulator, with the losses of this machine's kernels."""

import numpy as np
import pytest

import cnnkit
from cnnkit import kernels, models, nn, ops, optim
from cnnkit.autograd import Tensor, no_grad
from cnnkit.errors import DeviceError
from cnnkit.kernels import cuda

IMAGES = np.random.default_rng(1).standard_normal((4, 8, 8, 1)).astype(np.float32)
LABELS = np.array([3, 1, 4, 1])


def small():
    """Of each kind of layer one: convolution, batch norm, residual, pools, depthwise convolution, dropout and dense."""
    rng = np.random.default_rng(0)
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1, bias=False, rng=rng),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(4, 4, 3, padding=1, groups=4, rng=rng),
        nn.ReLU(),
        nn.Dropout(0.25),
        nn.Flatten(),
        nn.Linear(64, 5, rng=rng),
    )


def losses(optimiser, steps=3):
    model = small().train()
    moved = optim.create(optimiser, model.parameters(), 0.1, weight_decay=0.01)
    found = []
    for _ in range(steps):
        moved.zero_grad()
        loss = ops.cross_entropy(model(Tensor(IMAGES)), LABELS, label_smoothing=0.1)
        loss.backward()
        optim.limit_grad_norm(moved.parameters, 0.5)
        moved.step()
        found.append(float(loss.numpy()))
    with no_grad():
        scores = model.eval()(Tensor(IMAGES)).numpy()
    return np.array(found), scores


def test_steps_of_a_network_have_the_losses_of_the_cpu():
    expected, scores = losses("sgd")
    with kernels.use(backend="cuda"):
        found, there = losses("sgd")
    # Rounding grows from step to step: by some eps of what is summed.
    np.testing.assert_allclose(found, expected, rtol=2e-5)
    np.testing.assert_allclose(there, scores, atol=2e-4)


def test_convnet_trains_with_the_losses_of_the_cpu():
    def run():
        model = models.create("convnet", classes=4, in_channels=1, image_size=(8, 8), rng=np.random.default_rng(0))
        moved = optim.create("sgd", model.train().parameters(), 0.05)
        found = []
        for _ in range(3):
            moved.zero_grad()
            loss = ops.cross_entropy(model(Tensor(IMAGES[:2])), LABELS[:2] % 4)
            loss.backward()
            moved.step()
            found.append(float(loss.numpy()))
        return found

    expected = run()
    with kernels.use(backend="cuda"):
        found = run()
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_a_network_that_needs_a_missing_kernel_is_told_before_any_work(monkeypatch):
    from cnnkit.kernels.cuda import lacking

    monkeypatch.setattr(cuda, "LACKING", lacking.LACKING | {"max_pool2d"})
    monkeypatch.delattr(cuda, "max_pool2d")
    with kernels.use(backend="cuda"):
        model = small()
        with (
            pytest.raises(DeviceError, match="CUDA has no kernel 'max_pool2d' yet"),
            no_grad(),
        ):
            list(cuda.prepare(lambda: model.eval()(Tensor(IMAGES))))


def test_a_training_of_the_engine_is_saved_and_predicts(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 255, (6, 12, 12, 1), dtype=np.uint8)
    with kernels.use(backend="cuda"):
        options = {"steps": 1, "batch_size": 4, "seed": 1, "model": "lenet5", "image_size": (12, 12)}
        cnnkit.fit((pixels, np.arange(6) % 2), output=tmp_path / "run", progress=False, **options)
        there = cnnkit.load(tmp_path / "run").scores(pixels[:2])
    here = cnnkit.load(tmp_path / "run").scores(pixels[:2])
    np.testing.assert_allclose(there, here, atol=1e-5)
