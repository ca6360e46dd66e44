"""Folders that one can see: few entries each, and an `__init__` that is the page of contents."""

import re
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "cnnkit"
# The layers, the commands and the networks are lists: as long as there are such.
LISTS = {".", "cli/commands", "models/classification"}
FOLDERS = sorted(path.parent.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("__init__.py"))
MOST = 15


def entries(folder: str) -> list[str]:
    """Modules and packages of a folder."""
    found = (PACKAGE / folder).iterdir()
    return sorted(
        path.name for path in found if (path.suffix == ".py" or (path / "__init__.py").exists()) and path.name[0] != "_"
    )


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_folder_has_at_most_about_a_dozen_entries(folder):
    assert len(entries(folder)) <= MOST or folder in LISTS, f"divide {folder}: {', '.join(entries(folder))}"


@pytest.mark.parametrize(
    "folder", [folder for folder in FOLDERS if folder.startswith(("engine", "data", "cli", "ker"))]
)
def test_a_folder_has_a_page_of_contents_that_names_each_entry(folder):
    page = (PACKAGE / folder / "__init__.py").read_text(encoding="utf-8")
    missing = [entry for entry in entries(folder) if not re.search(rf"\b{entry.removesuffix('.py')}\b", page)]
    assert not missing, f"{folder}/__init__.py does not name {', '.join(missing)}"
