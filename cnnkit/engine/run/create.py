"""A new run folder, made so that no two runs ever share one."""

import secrets
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from cnnkit.engine.records.options import FitOptions
from cnnkit.engine.run.folder import LONGEST_NUMBER, RUNS, Run
from cnnkit.errors import UsageError
from cnnkit.serialize import files


class First(NamedTuple):
    """What is in a run folder before its first step."""

    config: bytes
    manifest: dict[str, Any]
    parts: bytes


def create_run(options: FitOptions, task: str, manifest: dict[str, Any], data_name: str, parts: bytes = b"") -> Run:
    """A new run folder with its config, manifest and list of parts.

    It appears whole, so a run that can be seen can be resumed.
    """
    first = First(options.to_toml().encode(), manifest, parts)
    while True:
        path = planned_path(options, task, data_name)
        if options.output is not None and _is_occupied(path):
            return _take_over(Run(path), first)
        try:
            _prepare_and_move(path, first)
        except FileExistsError:
            if options.output is not None:
                raise
            continue
        return Run(path)


def planned_path(options: FitOptions, task: str, data_name: str) -> Path:
    """Where a run with these options would lie: its output folder, or the next free number."""
    if options.output is None:
        parent, stem = RUNS / task, f"{Path(str(options.model)).name.removesuffix('.cfg')}-{_plain(data_name)}"
        return parent / f"{stem}-{_next_number(parent, stem)}"
    path = Path(options.output).expanduser()
    if _is_occupied(path) and not options.exist_ok:
        raise UsageError(
            f"{path} exists and is not empty. Go on with --resume {path}, choose another --output, "
            "or write into it with --exist-ok."
        )
    return path


def _prepare_and_move(path: Path, first: First) -> None:
    beside = path.with_name(f".{path.name[:50]}.{secrets.token_hex(8)}.tmp")
    files.make_folder(beside, known_as=path)
    try:
        _fill(Run(beside), first)
        files.move_folder(beside, path)
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise


def _take_over(run: Run, first: First) -> Run:
    """Make an old run folder into a new one: what a resume would go by goes first."""
    run.check_folders()
    for path in (
        run.result,
        *sorted(run.states.glob("step-*.safetensors")),
        run.features,
        run.proposals,
        *run.pieces,
        *run.event_files,
        run.events,
        run.results,
        run.best,
        run.last,
        run.page,
        *run.pictures,
    ):
        files.remove(path)
    _fill(run, first)
    return run


def _fill(run: Run, first: First) -> None:
    for folder in (run.best.parent, run.states):
        with suppress(FileExistsError):
            files.make_folder(folder)
    files.write_atomic(run.config, first.config)
    files.write_atomic(run.parts, first.parts)
    run.write_json(run.manifest, first.manifest)


def _is_occupied(path: Path) -> bool:
    try:
        return any(path.iterdir())
    except FileNotFoundError:
        return False
    except NotADirectoryError:
        raise UsageError(f"{path} is a file, but --output names a folder. Choose another name.") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror}). Choose another folder with --output.") from error


def _next_number(parent: Path, stem: str) -> int:
    ends = [path.name.removeprefix(f"{stem}-") for path in parent.glob(f"{stem}-*")]
    return 1 + max(
        (int(end) for end in ends if end.isascii() and end.isdigit() and len(end) < LONGEST_NUMBER), default=0
    )


def _plain(name: str) -> str:
    return "".join(c if c.isalnum() or c in "._" else "-" for c in name).strip(".-") or "data"
