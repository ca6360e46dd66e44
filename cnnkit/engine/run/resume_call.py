"""How one goes on with a run: a command, or a call in Python where a part of it came from there."""

import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from cnnkit.data.open.source import IN_MEMORY
from cnnkit.errors import DiskError


def given_in_python(about: Mapping[str, Any]) -> tuple[str, ...]:
    """Which of network, data and loss came from Python, so that no command has them."""
    came = {
        "network": about.get("own_module"),
        "data": about.get("data") == IN_MEMORY,
        "loss": about.get("own_loss"),
    }
    return tuple(name for name, own in came.items() if own)


def resume_call(path: object, about: Mapping[str, Any], **options: object) -> str:
    """The command that goes on with a run; in Python, where a part of it came from there."""
    given = given_in_python(about)
    if not given:
        further = "".join(f" --{name.replace('_', '-')} {value}" for name, value in options.items())
        return f"cnnkit train --resume {shlex.quote(str(path))}{further}"
    first = "".join(f"{name}, " for name in given if name != "loss")
    loss = ", loss=loss" if "loss" in given else ""
    further = "".join(f", {name}={value!r}" for name, value in options.items())
    return f"cnnkit.fit({first}resume_from={str(path)!r}{loss}{further})"


@contextmanager
def disk_faults_told(path: object, about: Mapping[str, Any]) -> Iterator[None]:
    """Where a file cannot be written, the error says how to go on with the run."""
    try:
        yield
    except DiskError as error:
        raise DiskError(f"{error} Then go on with: {resume_call(path, about)}") from error
