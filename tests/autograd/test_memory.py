"""Training takes its memory from the pool: after the first steps nothing new is needed."""

import gc

import numpy as np

from cnnkit import nn, ops, optim
from cnnkit.kernels.cpu.machine import buffers


def network() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(1, 5, 3, activation="relu"),
        nn.Conv2d(5, 8, 3, padding=1),
        nn.LeakyReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Dropout(0.25),
        nn.Linear(72, 16, activation="relu"),
        nn.Linear(16, 3),
    )


def step(model: nn.Module, optimiser: optim.Optimiser, x: np.ndarray, labels: np.ndarray) -> None:
    loss = ops.cross_entropy(model(x), labels, label_smoothing=0.1)
    optimiser.zero_grad()
    loss.backward()
    optim.clip_grad_norm(optimiser.parameters, 1.0)
    optimiser.step()


def test_after_the_first_steps_the_pool_misses_nothing_more(rng):
    model = network()
    optimiser = optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    x, labels = rng.normal(size=(6, 8, 8, 1)).astype(np.float32), np.arange(6) % 3
    gc.disable()  # what the tape frees must be free at once, not when the collector comes
    try:
        for _ in range(3):
            step(model, optimiser, x, labels)
        before = buffers.statistics()
        for _ in range(5):
            step(model, optimiser, x, labels)
        after = buffers.statistics()
    finally:
        gc.enable()
    assert after.misses == before.misses
    assert after.hits > before.hits
    assert after.held_bytes == before.held_bytes


def test_buffers_of_activations_are_free_again_after_backward(rng):
    model = network().eval()
    x, labels = rng.normal(size=(6, 8, 8, 1)).astype(np.float32), np.arange(6) % 3
    loss = ops.cross_entropy(model(x), labels)
    held = buffers.statistics().held_bytes
    loss.backward()
    model.zero_grad()
    # 5 channels of 6x6 pixels are kept for the second convolution; what lies between it and the pool, nobody keeps
    assert buffers.statistics().held_bytes - held >= 6 * 6 * 6 * 5 * 4
