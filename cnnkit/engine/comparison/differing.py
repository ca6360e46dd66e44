"""In what runs differ: options, data and machine."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

from cnnkit.engine.records.options import INTERNAL
from cnnkit.engine.review.papers import Papers

# Options that say where a run lies, and nothing of what it does.
_OUTWARD = ("output", "exist_ok", "tensorboard", *INTERNAL)
# Of a manifest: what a result may depend on.
_MACHINE = ("cpu", "usable_cores", "memory_bytes", "system", "architecture")
_LONGEST = 300


@final
@dataclass(frozen=True)
class Difference:
    """name: of an option, or of a part of the manifest.   values: of each run; None where it says nothing of it."""

    kind: str
    name: str
    values: tuple[str | None, ...]


def differing(papers: Sequence[Papers]) -> list[Difference]:
    """What is not the same in all runs: "option", "data" or "machine" is its kind."""
    told = [_told(one) for one in papers]
    names = list(dict.fromkeys(name for one in told for name in one))
    found = [Difference(*name, tuple(one.get(name) for one in told)) for name in names]
    return [difference for difference in found if len(set(difference.values)) > 1]


def _told(papers: Papers) -> dict[tuple[str, str], str]:
    found: dict[tuple[str, str], str] = {}
    for name, value in (papers.options.to_record() if papers.options else {}).items():
        if name not in _OUTWARD:
            found["option", name] = _text(value)
    manifest = papers.manifest
    for name, shown in (("name", "name"), ("sha256", "checksum")):
        if (value := _part(manifest, "data").get(name)) is not None:
            # Half of a checksum tells two data apart.
            found["data", shown] = _text(value)[:32]
    for name in ("backend", "threads"):
        if name in manifest:
            found["machine", name] = _text(manifest[name])
    for name, value in _part(manifest, "machine").items():
        if name in _MACHINE:
            found["machine", name] = _text(value)
    for name, value in _part(manifest, "versions").items():
        found["machine", str(name)[:_LONGEST]] = _text(value)
    # What a run was given as an option and what it took by itself are the same thing.
    for name in ("backend", "threads"):
        if ("machine", name) in found:
            found.pop(("option", name), None)
    return found


def _part(manifest: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = manifest.get(name)
    return dict(list(part.items())[:100]) if isinstance(part, dict) else {}


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return "x".join(map(str, value))[:_LONGEST]
    return str(value)[:_LONGEST]
