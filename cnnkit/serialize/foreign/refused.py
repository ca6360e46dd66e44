"""Why a foreign file is not taken, as one kind of error with one form of sentence."""

import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cnnkit.errors import CheckpointError, ResourceError
from cnnkit.serialize.beside import meant

# What parsers raise on damaged bytes. Anything else would be a fault of ours.
_DAMAGE = (
    ValueError,
    LookupError,
    TypeError,
    ArithmeticError,
    EOFError,
    RecursionError,
    NotImplementedError,
    struct.error,
    zlib.error,
    zipfile.BadZipFile,
)


# What weight files are called.
ENDINGS = (".safetensors", ".npz", ".pth", ".pt", ".th")


def _is_weights(path: Path) -> bool:
    return path.suffix.lower() in ENDINGS and path.is_file()


class Refused(Exception):  # noqa: N818 - a verdict on a file
    """A sentence that goes on behind the file's path."""


@contextmanager
def refusing(path: Path) -> Iterator[None]:
    """Turn whatever a hostile or damaged file provokes into a CheckpointError that names it."""
    try:
        yield
    except Refused as error:
        raise CheckpointError(f"{path} {error}") from error
    except FileNotFoundError as error:
        raise CheckpointError(
            f"There is no file {path}. Give a weight file: {', '.join(ENDINGS)}.{meant(path, _is_weights)}"
        ) from error
    except IsADirectoryError as error:
        raise CheckpointError(f"{path} is a folder. Give the weight file itself.") from error
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror}.") from error
    except MemoryError as error:
        raise ResourceError(f"{path} does not fit into memory.") from error
    except _DAMAGE as error:
        raise CheckpointError(
            f"{path} is damaged: {type(error).__name__}: {error!s:.200}. Download or copy it again."
        ) from error


def printable(text: object) -> str:
    """Foreign text for a message: short, and without control characters."""
    return "".join(char if char.isprintable() else "?" for char in str(text)[:100])
