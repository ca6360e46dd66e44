"""Data that a run noted by a relative path, looked for from another folder than the one it was started in."""

import shlex
from pathlib import Path

from cnnkit.data.open.source import IN_MEMORY, NAMES
from cnnkit.data.sets.idx_files import find_idx_files
from cnnkit.engine.run.folder import Run
from cnnkit.errors import DataError


def check_there(data: object, folder: Path | None, *, option: str = "") -> None:
    """DataError where the data of a run are not found from here, but may be from where it was started.

    data: what the run noted.   folder: of the run, None where there is none.   option: the one that takes other data.
    """
    if not isinstance(data, str) or data in (*NAMES, IN_MEMORY):
        return
    path = Path(data).expanduser()
    if path.is_absolute() or path.exists() or find_idx_files(path):
        return
    began = None if folder is None else Run(folder).read_manifest().get("folder")
    if isinstance(began, str) and Path(began) == Path.cwd():
        return
    where = f", {began}" if isinstance(began, str) else ""
    there = Path(began) / path if isinstance(began, str) else path
    do = "Change to that folder"
    if option:
        found = isinstance(began, str) and there.exists()
        do += f", or say where the data are: {option} {shlex.quote(str(there)) if found else 'FOLDER'}"
    raise DataError(
        f"There is no data folder or file {data} here: the path is relative to the folder in which the training was "
        f"started{where}. {do}."
    )
