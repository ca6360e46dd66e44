"""A training on blocks that nothing disturbs."""

import pytest
from tasks.detection.toy import blocks

import cnnkit

OPTIONS = {"model": "toy_detector", "epochs": 12, "batch_size": 5, "lr": 0.01, "optimiser": "adam", "augment": "none"}


@pytest.fixture(scope="session")
def options():
    return OPTIONS


@pytest.fixture(scope="session")
def smooth(tmp_path_factory):
    """Its result."""
    return cnnkit.fit(blocks(), **OPTIONS, output=str(tmp_path_factory.mktemp("blocks") / "run"))
