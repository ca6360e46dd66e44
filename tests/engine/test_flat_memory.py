"""A long training takes no more memory than a short one."""

import os
from pathlib import Path

import pytest

from cnnkit.data.open.splits import DataSplits
from cnnkit.data.sets.synthetic import synthetic
from cnnkit.engine.fit import fit
from cnnkit.engine.records.events import EpochEnd
from cnnkit.engine.records.options import FitOptions
from cnnkit.kernels.cpu.machine import buffers

EPOCHS = 6


def resident() -> int:
    """Bytes of this process that lie in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="only Linux tells what lies in memory")
def test_after_the_first_epoch_the_pool_takes_no_more_and_resident_memory_stays_flat(tmp_path):
    parts = [synthetic(n, seed=seed) for seed, n in enumerate((400, 60, 50))]
    splits = DataSplits(*parts, found="made in memory", notes=[])
    options = FitOptions(model="lenet5", epochs=EPOCHS, batch_size=32, output=str(tmp_path / "run"))
    seen = []
    for event in fit(options, data=splits):
        if isinstance(event, EpochEnd):
            seen.append((buffers.statistics().misses, resident()))
    misses, bytes_held = zip(*seen, strict=True)
    # The epoch's own judgement and checkpoint come around this event, so the second epoch is the first that is settled.
    # A batch made ahead at an unusual moment may want one buffer more, once; what is not given back misses each epoch.
    assert misses[-1] - misses[1] < EPOCHS - 2
    # What Python's own objects and the allocator move about; a leak of one batch's activations a step would be 50 MB.
    assert bytes_held[-1] - bytes_held[1] < 8e6
