"""What may be meant where a path does not exist: the files and folders beside it with nearly that name."""

from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path

MOST = 10_000  # entries of a folder that are looked at


def meant(path: Path, fits: Callable[[Path], bool] = Path.exists) -> str:
    """A question that names them, such as " Did you mean photos?", or nothing.

    fits: whether an entry is of the kind that is wanted.
    """
    beside: dict[str, list[Path]] = {}
    try:
        for number, child in enumerate(path.parent.iterdir()):
            if number == MOST:
                break
            beside.setdefault(child.stem.lower(), []).append(child)
        near = [child for stem in get_close_matches(path.stem.lower(), beside, 3) for child in sorted(beside[stem])]
        likely = [str(child) for child in near if not child.name.startswith(".") and fits(child)][:2]
    except OSError:
        return ""
    return f" Did you mean {' or '.join(likely)}?" if likely else ""
