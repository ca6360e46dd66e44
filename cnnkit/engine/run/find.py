"""Which run is meant: the one at a path, or the newest."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cnnkit.engine.run.folder import RUNS, Run
from cnnkit.errors import CheckpointError

# A run in a folder that several machines share may begin a little later than it is here.
CLOCKS_DIFFER = timedelta(days=1)


def open_run(path: str | Path) -> Run:
    """The run at `path`, or a CheckpointError that says what is missing."""
    run = Run(Path(path).expanduser())
    if not run.path.is_dir():
        raise CheckpointError(f"There is no run folder {run.path}.{_hint()}")
    if not run.config.exists() and not run.states.is_dir():
        raise CheckpointError(f"{run.path} is not a run folder: it has no config.toml.{_hint()}")
    return run


def newest_run(root: Path | None = None) -> Path | None:
    """The run with the latest start time in its manifest, under runs/."""
    return next((run.path for run in newest_first(root)[0]), None)


def newest_first(root: Path | None = None) -> tuple[list[Run], list[str]]:
    """The runs under runs/, the latest start first; and those whose manifest gives no time that can be true."""
    dated, odd = [], []
    latest = datetime.now(UTC) + CLOCKS_DIFFER
    for manifest in (RUNS if root is None else root).glob("**/manifest.json"):
        run = Run(manifest.parent)
        if run.path.name.startswith("."):
            continue
        started = run.started()
        if started is None:
            odd.append(f"{run.path}: its manifest does not say when it began")
        elif started > latest:
            odd.append(f"{run.path}: its manifest says that it begins in the future, {started:%Y-%m-%d}")
        else:
            dated.append((started, run.path))
    return [Run(path) for _, path in sorted(dated, reverse=True)], sorted(odd)


def _hint() -> str:
    newest = newest_run()
    return f" The newest run is {newest}." if newest else ""
