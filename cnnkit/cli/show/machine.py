"""The machine as cnnkit sees it: what `doctor` shows and what a benchmark is told with."""

from __future__ import annotations

import os
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

from cnnkit.config import cgroup_folders, cgroup_quota

NO_LIMIT = 2**60  # how version 1 of cgroups says so: a number near 2^63
# Of the many features of a CPU, those that decide how wide and how fast its arithmetic is.
TELLING = ("sse2", "sse4.2", "avx", "f16c", "fma", "avx2", "avx512f", "avx512vl", "avx512bf16", "neon", "sve")


def machine_facts() -> dict[str, Any]:
    """CPU, vectors, threads and versions. Imports numba."""
    from cnnkit.engine.run.manifest import machine, versions
    from cnnkit.kernels import host

    return {
        **machine(),
        "features": [name for name in TELLING if name in host.FEATURES],
        "lanes": host.LANES,
        "affinity": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        "quota": cgroup_quota(),
        "threads": host.get_threads(),
        "threading_layer": host.layer(),
        "versions": versions() | {name: version(name) for name in ("click", "rich")},
    }


def memory_limit(cgroup: Path = Path("/sys/fs/cgroup"), proc: Path = Path("/proc")) -> int | None:
    """The smallest memory limit, in bytes, of this process's cgroup and those above it; None where there is none."""
    limits = []
    for folder in cgroup_folders(cgroup, proc):
        for name in ("memory.max", "memory.limit_in_bytes"):
            with suppress(OSError, ValueError):
                limits.append(int((folder / name).read_text()))
    return min((limit for limit in limits if limit < NO_LIMIT), default=None)


def threads_in_use() -> int:
    """What --threads came to."""
    from cnnkit.kernels.host import get_threads

    return get_threads()
