"""The data of a run that goes on without the images that it lost since it began."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import final

from cnnkit.data.open.splits import DataSplits
from cnnkit.data.split.parts import parts_of, to_csv
from cnnkit.data.split.recall import recall
from cnnkit.engine.records.options import FitOptions
from cnnkit.engine.run.folder import Run
from cnnkit.engine.use.unseen import recorded
from cnnkit.errors import DataError


@final
@dataclass(frozen=True)
class Origin:
    """What a run says of its data as it began: the checksum, and the list of its parts."""

    data_sha256: str
    parts: bytes


def without_lost(
    options: FitOptions,
    opened: DataSplits,
    run: Run,
    data_sha256: str | None,
    parts_sha256: str | None = None,
    everything: Callable[[], DataSplits] | None = None,
) -> tuple[DataSplits, Origin] | None:
    """The run's own parts, where `--on-unreadable skip` lets it go on without some of their images; else None.

    opened: what can be read of the data, and is not all that there was.
    everything: opens the data with what cannot be read, for runs of older versions, which noted no parts.
    """
    if data_sha256 is None or options.on_unreadable != "skip" or not options.data or options.overfit:
        return None
    found = recorded(run, parts_sha256)
    if found is None and everything is not None and (whole := everything()).fingerprint() == data_sha256:
        parts = parts_of(whole)
        found = to_csv(parts), parts
    if found is None:
        raise DataError(
            f"Some images of {run.path} are lost, and the run has no record of which (runs of version 0.2 and later "
            "have one). Put the old data back, or start a new run."
        )
    return recall(found[1], opened), Origin(data_sha256, found[0])
