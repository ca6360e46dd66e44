"""The machine as cnnkit sees it: what `doctor` shows and what a benchmark is told with."""

from __future__ import annotations

import os
import platform
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import Any

from cnnkit._version import __version__
from cnnkit.config import cgroup_folders, cgroup_quota

NO_LIMIT = 2**60  # how version 1 of cgroups says so: a number near 2^63
LIBRARIES = ("numpy", "numba", "llvmlite", "click", "rich", "Pillow", "safetensors")
# Of the many features of a CPU, those that decide how wide and how fast its arithmetic is.
TELLING = ("sse2", "sse4.2", "avx", "f16c", "fma", "avx2", "avx512f", "avx512vl", "avx512bf16", "neon", "sve")


def machine_facts() -> dict[str, Any]:
    """CPU, vectors, threads and versions. Imports numba."""
    from cnnkit.kernels.cpu import threads
    from cnnkit.kernels.cpu.lanes import FEATURES, LANES

    return {
        "cpu": cpu_name(),
        "features": [name for name in TELLING if name in FEATURES],
        "lanes": LANES,
        "cores": os.cpu_count() or 1,
        "affinity": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        "quota": cgroup_quota(),
        "threads": threads.get_threads(),
        "threading_layer": threads.layer(),
        "system": platform.platform(),
        "versions": versions(),
    }


def versions() -> dict[str, str]:
    """cnnkit, Python and the libraries that it stands on."""
    found = {"cnnkit": __version__, "python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "missing"
    return found


def cpu_name(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """As its maker calls it."""
    try:
        lines = cpuinfo.read_text(errors="replace").splitlines()
    except OSError:
        lines = []
    for line in lines:
        key, _, value = line.partition(":")
        if key.strip() in ("model name", "Model"):
            return value.strip()
    return platform.processor() or platform.machine()


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
    from cnnkit.kernels.cpu.threads import get_threads

    return get_threads()
