import math

import pytest

from cnnkit.metrics import Mean


def test_a_smaller_batch_counts_for_its_images_only():
    mean = Mean()
    mean.update(1.0, 128)
    mean.update(4.0, 64)
    assert mean.value == 2.0 and mean.weight == 192


def test_nothing_has_no_mean_and_reset_goes_back_there():
    mean = Mean()
    assert math.isnan(mean.value)
    mean.update(3.0)
    mean.reset()
    assert math.isnan(mean.value)


def test_many_updates_do_not_drift():
    mean = Mean()
    for _ in range(10_000):
        mean.update(0.1)
    assert mean.value == pytest.approx(0.1, rel=1e-15)
