"""Images that go to a device as bytes: normalised there, they are the numbers of this machine, bit for bit."""

import numpy as np
import pytest
from elsewhere import Remote, elsewhere

from cnnkit import kernels
from cnnkit.data.load.loader import Loader
from cnnkit.data.sets.synthetic import synthetic
from cnnkit.engine.training.loading import brought, is_brought


@pytest.mark.parametrize("augment", ["none", "light"])
def test_they_are_those_of_the_loader(augment):
    data = synthetic(10, classes=3, size=8, seed=0)
    (plain, *_), (raw, *_) = (
        list(Loader(data, 8, augment=augment, shuffle=True, raw=raw, prefetch=0).epoch(0)) for raw in (False, True)
    )
    assert raw.x.dtype == np.uint8 and plain.normal is None
    assert brought(plain) is plain
    with elsewhere():
        assert is_brought()
        there = brought(raw)
        assert isinstance(there.x, Remote) and there.normal is None
        np.testing.assert_array_equal(kernels.of(there.x).fetch(there.x), plain.x)
    np.testing.assert_array_equal(there.targets, plain.targets)


def test_mixed_images_are_floats_for_all():
    data = synthetic(10, classes=3, size=8, seed=0)
    (batch, *_) = list(Loader(data, 8, mixup=0.2, raw=True, prefetch=0).epoch(0))
    assert batch.x.dtype == np.float32 and batch.normal is None
    assert not is_brought()
