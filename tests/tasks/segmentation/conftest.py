"""A training on squares that nothing disturbs."""

import pytest
from tasks.segmentation.toy import squares

import cnnkit

OPTIONS = {"model": "toy_fcn", "epochs": 4, "batch_size": 5, "lr": 0.05, "augment": "none"}


@pytest.fixture(scope="session")
def options():
    return OPTIONS


@pytest.fixture(scope="session")
def smooth(tmp_path_factory):
    """Its result."""
    return cnnkit.fit(squares(), **OPTIONS, output=str(tmp_path_factory.mktemp("squares") / "run"))
