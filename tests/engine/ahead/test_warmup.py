"""Compiling ahead."""

import pytest

from cnnkit import models
from cnnkit.engine.ahead.warmup import MOST_PARAMETERS, representatives, warmup
from cnnkit.errors import UsageError
from cnnkit.kernels.cpu.machine import jit


@pytest.mark.slow
def test_one_light_network_stands_for_every_file():
    chosen = representatives()
    files = [models.spec(name).file for name in chosen]
    assert len(set(files)) == len(files)
    assert all(models.summary(name).parameters < MOST_PARAMETERS for name in chosen)


def test_an_unknown_name_is_refused_before_anything_is_compiled():
    before = jit.statistics()
    with pytest.raises(UsageError, match="no model 'nonet'"):
        next(warmup(["lenet5", "nonet"]))
    assert jit.statistics() == before


def test_what_is_compiled_is_told_by_network():
    told = list(warmup(["lenet5"]))
    assert {name for name, _ in told} == {"lenet5"}
    assert told[0][1].total >= 1
