"""A small variant of every network for detection: what is trained of it in the place of the whole."""

from typing import NamedTuple


class Training(NamedTuple):
    """How a small variant learns eight pictures by heart: their side, the rate of Adam, epochs at most."""

    model: str
    size: int
    lr: float
    epochs: int


TRAINED = {
    "yolo_nano": Training("yolo_nano", 64, 0.003, 60),
}
