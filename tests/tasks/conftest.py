"""The toy task, on digits of the package."""

import numpy as np
import pytest

from cnnkit.data.sets.digits import digits


@pytest.fixture(scope="session")
def few(tmp_path_factory) -> str:
    """90 digits in a file, 15 of which are kept for the test."""
    whole = digits("train")
    path = tmp_path_factory.mktemp("data") / "few.npz"
    x, y = whole.images[:90, :, :, 0], whole.labels()[:90]
    np.savez(path, x_train=x[:75], y_train=y[:75], x_test=x[75:], y_test=y[75:])
    return str(path)
