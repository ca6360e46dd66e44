"""Training gives the same bits for any number of threads."""

import numpy as np
import pytest

from cnnkit import kernels, models, ops, optim

# Between them they have every kind of layer.
NAMES = ("lenet5", "convnet", "digitnet", "resnet20", "mobilenet_v1_x0_25", "mobilenet_v3_small", "shufflenet_v2_x0_5")


def trained(name: str, threads: int) -> dict[str, np.ndarray]:
    """The state after three steps on noise."""
    rng = np.random.default_rng(0)
    x, labels = rng.normal(size=(5, 17, 15, 1)).astype(np.float32), np.arange(5) % 3
    with kernels.use(threads=threads):
        model = models.create(name, classes=3, image_size=(17, 15), rng=rng)
        optimiser = optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-4)
        for _ in range(3):
            optimiser.zero_grad()
            ops.cross_entropy(model(x), labels).backward()
            optim.clip_grad_norm(optimiser.parameters, 1.0)
            optimiser.step()
    return model.state_dict()


@pytest.mark.parametrize("name", NAMES)
def test_training_gives_the_same_bits_for_any_number_of_threads(name):
    alone, shared = trained(name, 1), trained(name, 3)
    for key, array in alone.items():
        np.testing.assert_array_equal(array, shared[key], err_msg=key)
