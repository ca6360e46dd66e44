"""What the environment and the machine decide: threads, memory, cache, backend, precision.

Read when asked for, so a command may set them. Backend and precision are asked for by every operation, and to look into
the environment takes a microsecond: they are read once.
"""

import os
import platform
from functools import cache
from pathlib import Path

from cnnkit.errors import UsageError

BACKENDS = ("auto", "cpu", "reference", "cuda")
# fast and exact are float32, and give the same bits on any number of threads; tf32 is for CUDA's tensor cores alone.
PRECISIONS = ("fast", "exact", "tf32")


def is_backend(name: str) -> bool:
    """Whether this is the name of one; "cuda:1" is the second CUDA device."""
    kind, _, number = name.partition(":")
    return name in BACKENDS or (kind == "cuda" and number.isdecimal() and len(number) < 4)


@cache
def default_backend() -> str:
    """`CNNKIT_BACKEND`, else "auto"."""
    name = os.environ.get("CNNKIT_BACKEND") or "auto"
    if not is_backend(name):
        raise UsageError(f"CNNKIT_BACKEND is {name!r}, expected one of {', '.join(BACKENDS)}.")
    return name


@cache
def default_precision() -> str:
    """`CNNKIT_PRECISION`, else "fast"."""
    name = os.environ.get("CNNKIT_PRECISION") or "fast"
    if name not in PRECISIONS:
        raise UsageError(f"CNNKIT_PRECISION is {name!r}, expected one of {', '.join(PRECISIONS)}.")
    return name


def default_threads() -> int:
    """`CNNKIT_THREADS`, else the cores that this process may really use."""
    text = os.environ.get("CNNKIT_THREADS")
    if not text:
        return usable_cores()
    try:
        threads = int(text)
    except ValueError:
        threads = 0
    if not 1 <= threads <= 1024:
        raise UsageError(f"CNNKIT_THREADS is {text!r}, expected a whole number from 1 to 1024.")
    return threads


def usable_cores(cgroup: Path = Path("/sys/fs/cgroup"), proc: Path = Path("/proc")) -> int:
    """Cores in the affinity mask, or fewer where a cgroup quota grants less (a quota of 1.5 cores gives 2 threads)."""
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = cgroup_quota(cgroup, proc)
    return affinity if quota is None else max(1, min(affinity, -int(-quota // 1)))


def address_space_limit() -> int | None:
    """Bytes that this process may map at most (`ulimit -v`); None without a limit."""
    try:
        from resource import RLIM_INFINITY, RLIMIT_AS, getrlimit
    except ImportError:  # not on Windows
        return None
    limit = getrlimit(RLIMIT_AS)[0]
    return None if limit == RLIM_INFINITY else limit


def address_space_left(proc: Path = Path("/proc")) -> int | None:
    """Bytes of that limit which are not yet mapped; None without a limit."""
    limit, mapped = address_space_limit(), "".join(_lines(proc / "self" / "statm")).split()
    if limit is None or not mapped:
        return None
    return max(0, limit - int(mapped[0]) * os.sysconf("SC_PAGE_SIZE"))


def available_memory(proc: Path = Path("/proc"), cgroup: Path = Path("/sys/fs/cgroup")) -> int | None:
    """Bytes this process may still take: what the machine has free, or less where a cgroup says so; None if unknown."""
    found = [free for folder in cgroup_folders(cgroup, proc) if (free := _cgroup_free(folder)) is not None]
    for line in _lines(proc / "meminfo"):
        name, _, value = line.partition(":")
        if name == "MemAvailable" and value.split()[:1] and value.split()[0].isdigit():
            found.append(int(value.split()[0]) * 1024)
    return min(found, default=None)


def cgroup_quota(cgroup: Path = Path("/sys/fs/cgroup"), proc: Path = Path("/proc")) -> float | None:
    """The smallest CPU quota, in cores, of this process's cgroup and those above it; None where there is none."""
    quotas = [quota for folder in cgroup_folders(cgroup, proc) if (quota := _quota(folder)) is not None]
    return min(quotas, default=None)


def cgroup_folders(cgroup: Path = Path("/sys/fs/cgroup"), proc: Path = Path("/proc")) -> list[Path]:
    """This process's cgroup folders (version 2; cpu and memory of version 1), innermost first, up to the roots."""
    folders = []
    for line in _lines(proc / "self" / "cgroup"):
        controllers, _, path = line.partition(":")[2].partition(":")
        names = controllers.split(",")
        roots = [cgroup / name for name in ("cpu,cpuacct", "cpu", "memory") if name.split(",")[0] in names]
        for root in roots or ([cgroup] if not controllers else []):
            inner = root / path.lstrip("/")
            chain = [inner, *inner.parents]
            folders += chain[: chain.index(root) + 1] if root in chain else [root]
    return folders or [cgroup]


def _quota(folder: Path) -> float | None:
    for line in _lines(folder / "cpu.max"):
        quota, _, period = line.partition(" ")
        if quota.isdigit() and period.isdigit() and int(period) > 0:
            return int(quota) / int(period)
    quota, period = ("".join(_lines(folder / f"cpu.cfs_{name}_us")) for name in ("quota", "period"))
    if quota.isdigit() and period.isdigit() and int(quota) > 0 and int(period) > 0:
        return int(quota) / int(period)
    return None


def _cgroup_free(folder: Path) -> int | None:
    """Limit minus use of one cgroup; file pages that can be dropped do not count as used."""
    for limit_name, used_name, droppable in (
        ("memory.max", "memory.current", "inactive_file"),
        ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
    ):
        limit, used = ("".join(_lines(folder / name)).strip() for name in (limit_name, used_name))
        # A limit near 2^63 is how version 1 says that there is none.
        if limit.isdigit() and int(limit) < 2**60:
            counts = dict(line.split()[:2] for line in _lines(folder / "memory.stat") if len(line.split()) > 1)
            cached = counts.get(droppable, "0")
            in_use = int(used) if used.isdigit() else 0
            return max(0, int(limit) - in_use + (int(cached) if cached.isdigit() else 0))
    return None


def cpu_name(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """What the processor calls itself."""
    for line in _lines(cpuinfo):
        name, _, value = line.partition(":")
        if name.strip() in ("model name", "Model"):
            return value.strip()
    return platform.processor() or platform.machine()


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except (OSError, UnicodeDecodeError):
        return []


def cache_root() -> Path:
    """The folder for compiled kernels: `CNNKIT_CACHE`, else `$XDG_CACHE_HOME/cnnkit`, else `~/.cache/cnnkit`."""
    if folder := os.environ.get("CNNKIT_CACHE"):
        return Path(folder)
    base = os.environ.get("XDG_CACHE_HOME")
    return Path(base if base and Path(base).is_absolute() else os.path.expanduser("~/.cache")) / "cnnkit"
