"""Hostile files of every kind, some of each: an answer or a sentence, and nothing else. benchmarks/fuzz.py goes on."""

import resource

import pytest
from doors import KINDS
from harness import Bench

SEED = 12
# Cases of a kind; of those that go on with a training, fewer.
MANY, FEW = 32, 16
MOST_GROWTH = 3 << 20  # KiB


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    return Bench(tmp_path_factory.mktemp("fuzz"))


@pytest.mark.parametrize("kind", KINDS, ids=[kind.name for kind in KINDS])
def test_hostile_files(bench, kind):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    count = FEW if kind.path.startswith("run/") else MANY
    faults = [fault for number in range(count) if (fault := bench.case(kind, SEED, number))]
    assert not faults
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MOST_GROWTH
