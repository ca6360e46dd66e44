"""What to say where a run or a weight file was asked for and there is none."""

import shlex
from pathlib import Path

from cnnkit.data.formats import detect
from cnnkit.data.open import NAMES
from cnnkit.engine.run import Run
from cnnkit.errors import CheckpointError, DataError
from cnnkit.models import registry
from cnnkit.serialize.beside import meant
from cnnkit.serialize.refused import ENDINGS

KINDS = f"Give a run folder, or a weight file: {', '.join(ENDINGS[:-1])} or {ENDINGS[-1]}."


def nothing_there(path: Path) -> CheckpointError:
    """The error for a path that does not exist: the kinds that are accepted, and the one that may be meant."""
    if str(path) in registry.names():
        return CheckpointError(
            f"{path} is the name of a network, not a file of weights. Choose it with `cnnkit train --model {path}`; "
            f"`cnnkit weights list` says where published weights are. {KINDS}"
        )
    if str(path) in NAMES:
        return CheckpointError(f"{path} is the name of a data set, not a run. {_as_data(path)} {KINDS}")
    return CheckpointError(f"There is no file {path}. {KINDS}{meant(path, _fits)}")


def no_run(path: Path) -> CheckpointError:
    """The error for a folder that is no run."""
    hint = _within(path) or (f" It holds data. {_as_data(path)}" if _is_data(path) else "")
    return CheckpointError(f"{path} is not a run folder: it has no weights/best.safetensors. {KINDS}{hint}")


def _as_data(data: Path) -> str:
    return f"To evaluate the newest run on it: cnnkit evaluate --data {shlex.quote(str(data))}."


def _is_data(folder: Path) -> bool:
    try:
        return bool(detect(folder))
    except (DataError, OSError):
        return False


def _within(folder: Path) -> str:
    """Runs one level below it, where a folder of runs was given."""
    try:
        runs = sorted(child for child in folder.iterdir() if Run(child).best.is_file())
    except OSError:
        return ""
    return f" Did you mean {' or '.join(map(str, runs[-2:]))}?" if runs else ""


def _fits(child: Path) -> bool:
    return child.suffix.lower() in ENDINGS if child.is_file() else Run(child).best.is_file()
