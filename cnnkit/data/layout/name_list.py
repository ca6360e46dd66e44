"""A list of names in a file of its own: of classes, beside data that know them by number, or of pictures."""

from pathlib import Path

from cnnkit.errors import DataError
from cnnkit.serialize.files import read_whole

LARGEST = 2**20


def read_names(path: Path, largest: int = LARGEST, expected: str = "one class name per line") -> list[str]:
    """The lines that are not empty, without blanks around them; DataError where the file is not UTF-8 or too long."""
    try:
        lines = read_whole(path, largest).decode("utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise DataError(f"{path} cannot be read: {why}. Expected {expected}.") from error
    return [line.strip() for line in lines if line.strip()]
