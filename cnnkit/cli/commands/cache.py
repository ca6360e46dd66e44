"""`cnnkit cache`: where compiled kernels lie, and how to be rid of them."""

from __future__ import annotations

import shutil
from pathlib import Path

from cnnkit.cli.command import Group, command
from cnnkit.cli.show.screen import Screen
from cnnkit.config import cache_root
from cnnkit.errors import CnnkitError

cache = Group(
    "cache",
    help="The compiled kernels: show their folder, or remove them.",
    short_help="The compiled kernels: dir, clear.",
    commands_at={"dir": "cnnkit.cli.commands.cache:cache_dir", "clear": "cnnkit.cli.commands.cache:clear"},
    aliases={"path": "dir", "clean": "clear"},
    example="cnnkit cache clear",
)


@command("dir", example="cnnkit cache dir")
def cache_dir(screen: Screen) -> None:
    """Print the folder of compiled kernels."""
    if screen.as_json:
        screen.json({"folder": str(cache_root()), "bytes": folder_size(cache_root())})
    else:
        screen.text(str(cache_root()))


@command("clear", example="cnnkit cache clear")
def clear(screen: Screen) -> None:
    """Remove all compiled kernels.

    The next command that needs them compiles them again.
    """
    removed, freed = 0, 0
    for folder in kernel_folders(cache_root()):
        size = folder_size(folder)
        try:
            shutil.rmtree(folder)
        except OSError as error:
            raise CnnkitError(
                f"{folder} cannot be removed: {error.strerror}. See who owns it: ls -ld {folder}"
            ) from error
        removed, freed = removed + 1, freed + size
    if screen.as_json:
        screen.json({"folder": str(cache_root()), "removed": removed, "bytes": freed})
    else:
        screen.text(f"Removed {removed} folder(s) of compiled kernels, {freed / 1e6:.1f} MB, from {cache_root()}.")


def kernel_folders(root: Path) -> list[Path]:
    """The folders in `root` that cnnkit made; links lead elsewhere and are left alone."""
    try:
        inside = sorted(root.iterdir())
    except OSError:
        return []
    return [path for path in inside if path.name.startswith("kernels-") and path.is_dir() and not path.is_symlink()]


def folder_size(folder: Path) -> int:
    """Bytes of all files below a folder."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += 0 if path.is_dir() else path.lstat().st_size
        except OSError:
            continue  # gone meanwhile
    return total
