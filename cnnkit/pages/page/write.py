"""A page as a file: beside and renamed, so that a browser never reads half of one."""

import webbrowser
from pathlib import Path

from cnnkit.serialize import files


def write_page(path: Path, page: str) -> None:
    """Put the page at `path`, whole or not at all. What is no character (half of a pair) becomes a question mark."""
    files.write_atomic(path, page.encode("utf-8", errors="replace"))


def show(path: Path) -> bool:
    """Open the page in the browser of this machine; False where there is none."""
    return webbrowser.open(path.resolve().as_uri())
