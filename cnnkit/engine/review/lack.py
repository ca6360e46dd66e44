"""What a run cannot tell, and why: a page says it in a sentence, and goes on."""

from dataclasses import dataclass
from typing import final


@final
@dataclass(frozen=True)
class Lack:
    """why: a word that the texts of a page know.   detail: what goes with it, such as the message of an error."""

    why: str
    detail: str = ""


# It trains at this moment, and its test images are for the end.
RUNNING = Lack("running")
# No epoch has been judged yet, so there are no weights.
NO_WEIGHTS = Lack("no-weights")
# Network, data or both were given in Python, and no file holds them.
IN_PYTHON = Lack("in-python")
