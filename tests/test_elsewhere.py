"""No layer above the kernels looks into a tensor: all of it runs, to the same bits, on arrays that NumPy cannot read.

The pretended device computes with the kernels of this machine, so whatever differs was computed elsewhere.
"""

import importlib.util
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
from elsewhere import Remote, elsewhere, package

import cnnkit
from cnnkit import kernels, models, nn, ops, optim
from cnnkit.autograd import Tensor, no_grad
from cnnkit.optim import EMA, clip_grad_norm
from cnnkit.serialize import safe

_spec = importlib.util.spec_from_file_location("gradient_rows", Path(__file__).parent / "ops" / "test_gradients.py")
rows = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(rows)
IMAGES, LABELS = np.random.default_rng(1).standard_normal((4, 28, 28, 1)).astype(np.float32), np.array([3, 1, 4, 1])


def gradients(fn, tensors):
    y = fn(*tensors)
    y.backward(np.random.default_rng(0).uniform(0.5, 1.5, y.shape))
    return [y.numpy()] + [kernels.of(x.grad).fetch(x.grad) for x in tensors]


def same(found, expected):
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other, strict=True)


@pytest.mark.parametrize(
    ("fn", "inputs"),
    [pytest.param(fn, inputs, id=f"{op}: {what}") for op, cases in rows.CASES.items() for what, fn, inputs in cases],
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_an_op_and_its_gradient(fn, inputs, dtype, monkeypatch):
    here = [np.array(x, dtype) for x in inputs]
    for name in ("MEAN", "VAR"):
        monkeypatch.setattr(rows, name, getattr(rows, name).astype(dtype))
    expected = gradients(fn, [Tensor(x, requires_grad=True) for x in here])
    with elsewhere():
        for name in ("MEAN", "VAR"):
            monkeypatch.setattr(rows, name, package.put(getattr(rows, name)))
        found = gradients(fn, [Tensor(package.put(x), requires_grad=True) for x in here])
    same(found, expected)


def network(name):
    return models.create(name, classes=10, in_channels=1, image_size=(28, 28), rng=np.random.default_rng(0))


def train(name, optimiser, steps=2):
    """The weights and the optimiser's state after some steps."""
    model = network(name).train()
    moved, average = optim.create(optimiser, model.parameters(), 0.1, weight_decay=0.01), EMA(model, 0.9)
    for _ in range(steps):
        moved.zero_grad()
        ops.cross_entropy(model(Tensor(IMAGES)), LABELS, label_smoothing=0.1).backward()
        clip_grad_norm(moved.parameters, 0.5)
        moved.step()
        average.update()
    with average.swapped(), no_grad():
        scores = model.eval()(Tensor(IMAGES))
    return model, [*model.state_dict().values(), *moved.state_dict().values(), *average.state_dict().values()], scores


@pytest.mark.parametrize(
    ("name", "optimiser"), [("convnet", "sgd"), ("convnet", "adam"), ("convnet", "adamw"), ("resnet20", "sgd")]
)
def test_training_steps_of_a_network(name, optimiser):
    _, expected, scores = train(name, optimiser)
    with elsewhere():
        _, found, remote = train(name, optimiser)
        assert all(isinstance(array, Remote) for array in found if array.dtype.kind == "f")
        same([kernels.of(array).fetch(array) for array in found], expected)
        same([remote.numpy()], [scores.numpy()])


def test_weights_go_to_a_file_and_come_back(tmp_path):
    model = network("convnet")
    with elsewhere():
        remote = network("convnet")
        remote.load_state_dict(model.state_dict())
        safe.save(tmp_path / "remote.safetensors", remote.state_dict(), {})
    safe.save(tmp_path / "here.safetensors", model.state_dict(), {})
    assert (tmp_path / "remote.safetensors").read_bytes() == (tmp_path / "here.safetensors").read_bytes()
    arrays, _ = safe.load(tmp_path / "remote.safetensors")
    with elsewhere():
        again = network("convnet")
        again.load_state_dict(arrays)
        same([kernels.of(a).fetch(a) for a in again.state_dict().values()], list(model.state_dict().values()))


def test_a_frozen_batch_norm_and_dropout():
    def run():
        layers = nn.Sequential(nn.Conv2d(1, 4, 3, rng=np.random.default_rng(0)), nn.BatchNorm2d(4), nn.Dropout(0.5))
        layers.train()
        part = dict(layers.named_modules())
        next(m for m in part.values() if isinstance(m, nn.BatchNorm2d)).training = False
        for _ in range(2):
            y = layers(Tensor(IMAGES))
            ops.mean(ops.multiply(y, y)).backward()
        counter = layers.state_dict()["2.counter"]
        assert kernels.of(counter).fetch(counter) == 2
        return [Tensor(p.grad).numpy() for p in layers.parameters()]

    expected = run()
    with elsewhere():
        same(run(), expected)


def test_numbers_beside_a_tensor():
    def run():
        x = Tensor(IMAGES, requires_grad=True)
        ops.sum((2 - x * 3) / 4 + 1).backward()
        return [Tensor(x.grad).numpy()]

    with nullcontext():
        expected = run()
    with elsewhere():
        same(run(), expected)


def test_a_tensor_without_its_past_stays_where_it_was():
    x = Tensor(IMAGES)
    with elsewhere():
        assert x.detach().data is x.data


def test_a_training_from_python_is_saved_loaded_and_predicts(tmp_path):
    """Whole, with an average and clipping; the digits on the pretended device are those of this machine."""
    pixels = np.random.default_rng(0).integers(0, 255, (40, 16, 16, 1), dtype=np.uint8)

    def run(folder):
        options = {"epochs": 2, "batch_size": 8, "ema": 0.9, "clip": 1.0, "seed": 1}
        cnnkit.fit((pixels, np.arange(40) % 4), model="convnet", output=folder, progress=False, **options)
        arrays, _ = safe.load(folder / "weights" / "best.safetensors")
        return [cnnkit.load(folder).scores(pixels[:3]), *(arrays[name] for name in sorted(arrays))]

    expected = run(tmp_path / "here")
    with elsewhere():
        same(run(tmp_path / "there"), expected)
