"""What a result may depend on beside the options: versions, machine, threads, data."""

import os
import platform
import sys
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from cnnkit import kernels
from cnnkit._version import __version__
from cnnkit.config import cpu_name, default_threads, usable_cores
from cnnkit.engine.records.options import FitOptions


def describe(options: FitOptions, *, task: str, data_name: str, data_hash: str, found: str) -> dict[str, Any]:
    """The manifest of a run that starts now."""
    return {
        "schema_version": 1,
        "started": datetime.now(UTC).isoformat(timespec="microseconds"),
        "command": options.command(),
        "arguments": sys.argv,
        "folder": _here(),
        "task": task,
        "model": options.model,
        "seed": options.seed,
        "data": {"name": data_name, "sha256": data_hash, "found": found},
        "backend": kernels.backend(),
        "precision": options.precision,
        "threads": options.threads or default_threads(),
        "machine": machine(),
        "versions": versions(),
    }


def machine() -> dict[str, Any]:
    """The computer: its processor's name, cores, memory and system."""
    return {
        "cpu": cpu_name(),
        "cores": os.cpu_count(),
        "usable_cores": usable_cores(),
        "memory_bytes": _memory(),
        "system": f"{platform.system()} {platform.release()}",
        "architecture": platform.machine(),
    }


def versions() -> dict[str, str]:
    """cnnkit, Python and every package that computes or stores."""
    found = {"cnnkit": __version__, "python": platform.python_version()}
    for package in ("numpy", "numba", "llvmlite", "Pillow", "safetensors"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "unknown"
    return found


def _here() -> str | None:
    """The folder that relative paths of the command are meant from; None where it is gone."""
    try:
        return os.getcwd()
    except OSError:
        return None


def _memory() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None
