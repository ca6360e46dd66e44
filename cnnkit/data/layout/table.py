"""Rows of a CSV file from anywhere, with their line numbers: bounded in length and number, in UTF-8."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from cnnkit.errors import DataError

MOST_ROWS = 2_000_000
# Characters; the longest path that Linux takes has 4096.
LONGEST_LINE = 65_536
DELIMITERS = (",", ";", "\t")

Row = tuple[int, list[str]]


def read_rows(path: Path, delimiter: str) -> Iterator[Row]:
    """(line on which the row begins, its fields, blanks around them cut off); lines without content are left out."""
    with open(path, encoding="utf-8-sig", newline="") as file:
        # With strict, an open quote is an error where it is met, and not one field that holds the rest of the file.
        rows = csv.reader(_lines(file, path), delimiter=delimiter, strict=True)
        count, line = 0, 1
        while True:
            try:
                fields = next(rows, None)
            except UnicodeDecodeError as error:
                raise DataError(f"{path}, in or after line {line}, is not UTF-8. Save it as CSV UTF-8.") from error
            except csv.Error as error:
                raise DataError(
                    f"{path}, line {line}: {error}. Is a quote open, or inside a name? Double it there, "
                    "and put quotes around the field."
                ) from error
            if fields is None:
                return
            if any(field.strip() for field in fields):
                count += 1
                if count > MOST_ROWS:
                    raise DataError(f"{path} has more than {MOST_ROWS:,} rows, the limit. Split it.")
                yield line, [field.strip() for field in fields]
            line = rows.line_num + 1


def _lines(file: TextIO, path: Path) -> Iterator[str]:
    number = 1
    while line := file.readline(LONGEST_LINE):
        if len(line) == LONGEST_LINE:
            raise DataError(f"{path}, line {number} is longer than {LONGEST_LINE:,} characters. Is it a CSV file?")
        if "\0" in line:
            raise DataError(f"{path}, line {number} holds a zero byte. Is it a CSV file? Save it as CSV UTF-8.")
        number += 1
        yield line
