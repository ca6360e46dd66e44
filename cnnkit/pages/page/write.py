"""A page as a file: beside and renamed, so that a browser never reads half of one."""

import webbrowser
from pathlib import Path

from cnnkit.errors import UsageError
from cnnkit.pages import extra
from cnnkit.serialize import files
from cnnkit.serialize.outputs import check_output, is_special


def check_page(path: Path, *, exist_ok: bool, instead: str = "") -> None:
    """To be asked before any work: whether a page can be made, and be written there.

    instead: a sentence on what can be done without the packages that pages need.

    Raises:
        CnnkitError: a package is missing.
        UsageError: no file can, or must, be written there.
    """
    extra.need(instead)
    if is_special(path):
        raise UsageError(f"{path} is a pipe or a device, not a plain file. Give the page a name, such as page.html.")
    check_output(path, exist_ok=exist_ok)


def write_page(path: Path, page: str) -> None:
    """Put the page at `path`, whole or not at all. What is no character (half of a pair) becomes a question mark."""
    files.write_atomic(path, page.encode("utf-8", errors="replace"))


def show(path: Path) -> bool:
    """Open the page in the browser of this machine; False where there is none."""
    return webbrowser.open(path.resolve().as_uri())
