"""What to say where a run or a weight file was asked for and there is none."""

import shlex
from pathlib import Path

from cnnkit.data.layout.suffixes import is_picture_name
from cnnkit.data.open.formats import FILES, detect
from cnnkit.data.open.source import NAMES
from cnnkit.data.sets.npz import read_parts
from cnnkit.engine.run.folder import Run
from cnnkit.errors import CheckpointError, DataError
from cnnkit.models import registry
from cnnkit.serialize.beside import meant
from cnnkit.serialize.foreign.refused import ENDINGS

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


def refused(path: Path, error: CheckpointError) -> CheckpointError:
    """What to say of a file that was refused as weights: data and pictures lead to where they are read."""
    if is_picture_name(path.name):
        return CheckpointError(f"{path} is a picture, not weights. To ask what it shows: {_command('predict', path)}.")
    return CheckpointError(f"{path} holds data, not weights. {_as_data(path)}") if _is_data_file(path) else error


def _is_data_file(path: Path) -> bool:
    if path.suffix.lower() != ".npz":
        return path.suffix.lower() in FILES
    try:
        return bool(read_parts(path))
    except (DataError, OSError):
        return False


def _as_data(data: Path) -> str:
    return f"To evaluate the newest run on it: {_command('evaluate --data', data)}."


def _command(words: str, path: Path) -> str:
    return f"cnnkit {words} {shlex.quote(str(path))}"


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
