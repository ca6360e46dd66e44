"""The forecast before the first step, against made-up machines."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cnnkit import models
from cnnkit.config import available_memory
from cnnkit.data.load.batch import Batch
from cnnkit.engine.records.options import FitOptions
from cnnkit.engine.run.memory import Numbers, check_fits, forecast
from cnnkit.engine.run.state import Training, create_module
from cnnkit.engine.training.defaults import resolve
from cnnkit.engine.training.readings import Readings
from cnnkit.engine.training.step import train_step
from cnnkit.errors import ResourceError
from cnnkit.kernels.cpu.machine import buffers
from cnnkit.tasks import ClassificationTask

MB = 10**6
SMALL = Numbers(kept=50_000, widest=20_000, input=784, parameters=100_000)


def tree(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def available(root: Path) -> int | None:
    return available_memory(root / "proc", root / "cgroup")


def test_without_limits_it_is_what_the_machine_has_free(tmp_path):
    tree(tmp_path, {"proc/meminfo": "MemTotal: 9 kB\nMemAvailable:   2000 kB\n", "proc/self/cgroup": "0::/\n"})
    assert available(tmp_path) == 2000 * 1024


def test_the_limit_of_a_cgroup_counts_minus_what_is_used_and_cannot_be_dropped(tmp_path):
    tree(
        tmp_path,
        {
            "proc/meminfo": "MemAvailable: 99999999 kB\n",
            "proc/self/cgroup": "0::/box/inner\n",
            "cgroup/box/inner/memory.max": "max\n",
            "cgroup/box/memory.max": "1000\n",
            "cgroup/box/memory.current": "700\n",
            "cgroup/box/memory.stat": "anon 400\ninactive_file 250\n",
        },
    )
    assert available(tmp_path) == 1000 - 700 + 250


def test_cgroups_of_version_1_count_too(tmp_path):
    tree(
        tmp_path,
        {
            "proc/meminfo": "MemAvailable: 99999999 kB\n",
            "proc/self/cgroup": "5:memory:/box\n",
            "cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
            "cgroup/memory/box/memory.limit_in_bytes": "5000\n",
            "cgroup/memory/box/memory.usage_in_bytes": "4950\n",
            "cgroup/memory/box/memory.stat": "total_inactive_file 100\n",
        },
    )
    assert available(tmp_path) == 5000 - 4950 + 100


def test_a_machine_that_says_nothing_refuses_nothing(tmp_path):
    assert available(tmp_path) is None
    check_fits(10**6, Numbers(10**9, 10**8, 10**6, 10**9), None)


def test_the_batch_that_would_fit_does_fit_and_one_more_does_not():
    with pytest.raises(ResourceError, match=r"--batch-size \d+ would fit") as caught:
        check_fits(4096, SMALL, 100 * MB)
    fitting = int(str(caught.value).split("--batch-size ")[1].split()[0])
    check_fits(fitting, SMALL, 100 * MB)
    assert forecast(fitting + 1, SMALL) > 100 * MB


def test_a_model_too_large_for_one_image_says_so():
    with pytest.raises(ResourceError, match="not even one image fits"):
        check_fits(4, replace(SMALL, parameters=10**9), 100 * MB)


@pytest.mark.parametrize("model", ["digitnet", "resnet20"])
def test_a_step_takes_what_was_forecast_and_not_much_less(model, rng):
    """What waits in the pool after a step is what the step had in use; with and without batch norm."""
    options = resolve(FitOptions(model=model), "cifar10")
    training = Training(options, create_module(options, 10, (32, 32, 3)))
    batch = Batch(rng.standard_normal((32, 32, 32, 3), np.float32), np.arange(32) % 10, np.arange(32))
    found = models.summary(model, classes=10, in_channels=3, image_size=(32, 32))
    widest = max(int(np.prod(row.output)) for row in found.layers)
    buffers.trim()
    before = buffers.statistics().held_bytes
    train_step(training, ClassificationTask([str(label) for label in range(10)]), batch, 0.1, Readings())
    training.optimiser.zero_grad()
    taken = buffers.statistics().held_bytes - before
    # Parameters are left out: their memory stays in use.
    expected = forecast(32, Numbers(found.activation_floats, widest, 0, 0))
    assert expected / 2 < taken < 1.1 * expected
