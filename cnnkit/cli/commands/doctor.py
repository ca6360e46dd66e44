"""`cnnkit doctor`: the facts that explain slowness and faults, fit to be pasted into a question."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from cnnkit import kernels
from cnnkit.cli.command import command
from cnnkit.cli.commands.cache import folder_size
from cnnkit.cli.show.machine import machine_facts, memory_limit
from cnnkit.cli.show.screen import Screen
from cnnkit.errors import DeviceError, DeviceMemoryError


@command("doctor", example="cnnkit doctor --json", computes=True)
def doctor(screen: Screen) -> None:
    """Show versions, CPU, threads, kernel cache, memory and disk."""
    facts = machine_facts() | {"cache": _cache(), "memory": _memory(), "cuda": _cuda(), "disk": _disk(Path.cwd())}
    if screen.as_json:
        screen.json(facts)
    else:
        screen.facts(_lines(facts), prose=["cuda"])


def _cache() -> dict[str, Any]:
    from cnnkit.kernels.host import cache_folder, cache_note

    folder = cache_folder()
    return {
        "folder": str(folder),
        "bytes": folder_size(folder),
        "compiled": sum(1 for _ in folder.glob("*.kernel")),
        "kept": not cache_note(),
        "note": cache_note(),
    }


def _memory() -> dict[str, Any]:
    from cnnkit.config import available_memory

    return {"available": available_memory(), "limit": memory_limit()}


def _cuda() -> str:
    """What the device is, or the sentence that `--backend cuda` ends with."""
    try:
        return kernels.cuda_device()
    except (DeviceError, DeviceMemoryError) as error:
        return str(error)


def _disk(folder: Path) -> dict[str, Any]:
    return {"folder": str(folder), "free": shutil.disk_usage(folder).free, "writable": os.access(folder, os.W_OK)}


def _lines(facts: dict[str, Any]) -> list[tuple[str, str]]:
    cache, memory, disk = facts["cache"], facts["memory"], facts["disk"]
    quota = "none" if facts["quota"] is None else f"{facts['quota']:g} cores"
    limit = "none" if memory["limit"] is None else _gigabytes(memory["limit"])
    return [
        *facts["versions"].items(),
        ("system", facts["system"]),
        ("cpu", facts["cpu"]),
        ("cpu features", " ".join(facts["features"])),
        ("vector width", f"{facts['lanes']} floats"),
        ("cores", f"{facts['cores']}, of which this process may use {facts['affinity']}; quota: {quota}"),
        ("threads", f"{facts['threads']}, run by {facts['threading_layer']}"),
        ("kernel cache", cache["folder"]),
        (
            "",
            f"{cache['compiled']} kernels, {cache['bytes'] / 1e6:.1f} MB"
            + (f". {cache['note']}" if cache["note"] else ""),
        ),
        ("memory", f"{_gigabytes(memory['available'])} free; limit of this container: {limit}"),
        (
            "disk",
            f"{_gigabytes(disk['free'])} free in {disk['folder']}" + ("" if disk["writable"] else ", not writable"),
        ),
        ("cuda", facts["cuda"]),
    ]


def _gigabytes(count: int | None) -> str:
    return "unknown" if count is None else f"{count / 1e9:.1f} GB"
