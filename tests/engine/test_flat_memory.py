"""A long training takes no more memory than a short one."""

import os
import threading
from collections import Counter
from pathlib import Path

import pytest

from cnnkit.data.load.prefetch import THREADS
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
def test_after_the_first_epoch_the_pool_misses_nothing_and_resident_memory_stays_flat(tmp_path, monkeypatch):
    taken, new = Counter(), buffers.pool.new

    def counted(size):
        taken[threading.current_thread().name.startswith(THREADS)] += 1
        return new(size)

    monkeypatch.setattr(buffers.pool, "new", counted)
    parts = [synthetic(n, seed=seed) for seed, n in enumerate((400, 60, 50))]
    splits = DataSplits(*parts, found="made in memory", notes=[])
    options = FitOptions(model="lenet5", epochs=EPOCHS, batch_size=32, output=str(tmp_path / "run"))
    seen = []
    for event in fit(options, data=splits):
        if isinstance(event, EpochEnd):
            seen.append((taken[False], taken[True], resident()))
    misses, loader, bytes_held = zip(*seen, strict=True)
    # The epoch's own judgement and checkpoint come around this event, so the second epoch is the first that is settled.
    assert misses[-1] == misses[1]
    # The loader makes a batch while the one before is in use, or just after: now and then it wants one more buffer
    # (two of 25 trainings on a busy machine, 100 KB), and has it from then on. A leak would miss in each epoch.
    assert loader[-1] - loader[1] < EPOCHS - 2
    # What Python's own objects and the allocator move about; a leak of one batch's activations a step would be 50 MB.
    assert bytes_held[-1] - bytes_held[1] < 8e6
