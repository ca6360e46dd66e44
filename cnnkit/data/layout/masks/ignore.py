"""Which values of masks a user leaves out."""

from dataclasses import dataclass
from typing import Self, final

from cnnkit.errors import UsageError

LARGEST = 255


@final
@dataclass(frozen=True)
class Ignore:
    """values: those that are void beside the ones that the data themselves tell.   nothing: none is void at all."""

    values: tuple[int, ...] = ()
    nothing: bool = False

    @classmethod
    def of(cls, text: str | None) -> Self:
        """What `--ignore` says: "11", "0,255" or "none"; UsageError for anything else."""
        if text is None:
            return cls()
        if text.strip().lower() == "none":
            return cls(nothing=True)
        words = [word.strip() for word in text.split(",")]
        if not all(word.isascii() and word.isdigit() and len(word) <= 3 and int(word) <= LARGEST for word in words):
            raise UsageError(
                f"ignore is {text!r:.60}, expected values of masks from 0 to {LARGEST}, such as 11 or 0,255, or none."
            )
        return cls(tuple(sorted({int(word) for word in words})))
