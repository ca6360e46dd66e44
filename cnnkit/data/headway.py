"""How far a long look at data, or a long copy of them, has come."""

from dataclasses import dataclass
from typing import final


@final
@dataclass(frozen=True)
class Headway:
    """what: in a word, such as "copying".   done, total: of images."""

    what: str
    done: int
    total: int
