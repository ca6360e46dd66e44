"""All errors that cnnkit raises on purpose. Each says what was wanted, what came, and what to do next.

CnnkitError             exit code 1
├── ShapeError          1   operands of an op do not fit together
├── DTypeError          1   an array has numbers of another type than an op takes
├── DeviceError         1   this machine or this version cannot run the backend
├── DataError           3   a picture, folder or data file is not what it should be
├── CheckpointError     3   a weight or checkpoint file is damaged, foreign or too new
├── CheckFailed         4   a threshold that the user set was missed
├── ResourceError       5   not enough memory or disk
│   ├── DiskError       5   a file could not be written
│   └── DeviceMemoryError  5   a device has no room for an array
├── NumericError        6   the loss or the weights are no longer finite
└── UsageError          2   an invalid option, value or name
"""

import difflib
from collections.abc import Iterable

MOST_NAMES = 12  # in a message that has the likely one


class CnnkitError(Exception):
    """The root of the tree; the command line prints its message without a traceback."""

    exit_code = 1


class ShapeError(CnnkitError, ValueError):
    """Operands of an op do not fit together."""


class DTypeError(CnnkitError, TypeError):
    """An array has numbers of another type than an op takes."""


class DeviceError(CnnkitError):
    """This machine or this version cannot run the asked backend."""


class DataError(CnnkitError):
    """A picture, folder or data file is not what it should be."""

    exit_code = 3


class CheckpointError(CnnkitError):
    """A weight or checkpoint file is damaged, foreign or too new."""

    exit_code = 3


class CheckFailed(CnnkitError):  # noqa: N818 - the name of a verdict, not of a fault
    """A threshold that the user set was missed."""

    exit_code = 4


class ResourceError(CnnkitError):
    """Not enough memory or disk."""

    exit_code = 5


class DiskError(ResourceError):
    """A file could not be written: no room, or a failing disk."""


class DeviceMemoryError(ResourceError):
    """A device has no room for an array.   wanted, used, free: bytes, of the array, of all others, and what is left."""

    def __init__(self, text: str, advice: str = "", *, wanted: int = 0, used: int = 0, free: int = 0) -> None:
        super().__init__(f"{text} {advice}".strip())
        self.text, self.wanted, self.used, self.free = text, wanted, used, free


class NumericError(CnnkitError):
    """The loss or the weights are no longer finite."""

    exit_code = 6


class UsageError(CnnkitError):
    """An invalid option, value or name."""

    exit_code = 2


def unknown_name(what: str, name: str, known: Iterable[str]) -> UsageError:
    """The error for a name that is not among those known, with the likely one; of many names the first are listed."""
    known = list(known)
    # A file may hold any text, and a long one would hide what is known.
    name = name[:100]
    near = difflib.get_close_matches(name, known, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    # A single one that is left takes no more room than the words that would count it.
    more = f" and {len(known) - MOST_NAMES} more" if near and len(known) > MOST_NAMES + 1 else ""
    shown = known[:MOST_NAMES] if more else known
    return UsageError(f"There is no {what} {name!r}.{hint} Known: {', '.join(shown)}{more}.")
