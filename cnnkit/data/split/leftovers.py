"""What a `data split` that was killed leaves: a hidden folder, named by its process, which the next one removes."""

import os
import re
import shutil
from contextlib import suppress
from pathlib import Path

# ".parts.1234.split.tmp": the output that was to be, and the process that wrote it.
_NAME = re.compile(r"\..+\.([0-9]{1,10})\.split\.tmp")


def sweep(folder: Path) -> list[str]:
    """Remove the leftovers in a folder whose processes are gone; their names. One that still runs keeps its own."""
    removed = []
    found: list[os.DirEntry[str]] = []
    with suppress(OSError), os.scandir(folder) as entries:
        found += [entry for entry in entries if _NAME.fullmatch(entry.name) and entry.is_dir(follow_symlinks=False)]
    for entry in found:
        match = _NAME.fullmatch(entry.name)
        if match and not _runs(int(match[1])):
            shutil.rmtree(entry.path, ignore_errors=True)
            removed.append(entry.name)
    return removed


def _runs(process: int) -> bool:
    """Whether there is such a process; where that cannot be asked without harm (Windows), it counts as running."""
    if os.name == "nt":
        return True
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True
    return True
