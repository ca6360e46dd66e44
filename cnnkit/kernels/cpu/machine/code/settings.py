"""What Numba's variables in the environment ask for, read as it reads them but without importing it."""

import os
from pathlib import Path


def _number(name: str, default: int) -> int:
    try:
        return int(os.environ[name])
    except (KeyError, ValueError):
        return default


DISABLE_JIT = _number("NUMBA_DISABLE_JIT", 0)
CPU_NAME = os.environ.get("NUMBA_CPU_NAME")
CPU_FEATURES = os.environ.get("NUMBA_CPU_FEATURES", "" if (CPU_NAME or "").lower() == "generic" else None)
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
NUM_THREADS = _number("NUMBA_NUM_THREADS", CORES)
THREADING_LAYER = os.environ.get("NUMBA_THREADING_LAYER", "default").lower()

# Those that machine code depends on, and a file that may set them too.
_CODE = ("NUMBA_OPT", "NUMBA_BOUNDSCHECK", "NUMBA_DEBUGINFO", "NUMBA_LOOP_VECTORIZE", "NUMBA_SLP_VECTORIZE")
_FILE = Path(".numba_config.yaml")


def of_code() -> tuple[object, ...]:
    """Whatever changes machine code, to be part of its name."""
    written = _FILE.read_bytes() if _FILE.is_file() else b""
    return CPU_NAME, CPU_FEATURES, written, [os.environ.get(name) for name in _CODE]
