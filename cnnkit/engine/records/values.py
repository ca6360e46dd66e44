"""Values of options: of which type and in which range they are, and how TOML has them."""

from pathlib import Path
from typing import Any

from cnnkit.errors import UsageError

# (option, lowest, highest, an example)
RANGES = (
    ("epochs", 1, 1_000_000, 5),
    ("steps", 1, 1_000_000_000, 1000),
    ("time", 1, 1e7, 600),
    ("patience", 0, 1_000_000, 5),
    ("overfit", 1, 1_000_000, 8),
    ("batch_size", 1, 1_000_000, 128),
    ("lr", 0, 1e6, 0.05),
    ("head_lr", 0, 1e6, 0.05),
    ("shift_rate", 0, 1000, 64),
    ("momentum", 0, 0.9999, 0.9),
    ("views", 0, 1000, 8),
    ("weight_decay", 0, 1e3, 1e-4),
    ("warmup", 0, 1, 0.3),
    ("schedule_from", 0, 1_000_000, 0),
    ("schedule_until", 1, 1_000_000_000_000, 1000),
    ("schedule_epochs", 1, 1_000_000, 5),
    ("label_smoothing", 0, 0.99, 0.1),
    ("border_weight", 0, 1000, 10),
    ("mixup", 0, 100, 0.2),
    ("cutmix", 0, 100, 1.0),
    ("cache", 0, 0.9, 0.25),
    ("ema", 0, 0.99999, 0.99),
    ("lookahead", 0, 1_000_000, 5),
    ("clip", 0, 1e9, 1.0),
    ("seed", 0, 2**63 - 1, 0),
    ("val_fraction", 0, 0.9, 0.1),
    ("threads", 1, 1024, 2),
)


def typed(name: str, value: Any, annotation: str, source: str) -> Any:
    """The value if it has the option's type; whole numbers pass as real ones, a list or one number as an image size.

    annotation: the type as FitOptions has it.   source: what to call the place where the value stands.

    Raises:
        UsageError: it is of another type.
    """
    kind = annotation.split(" | ")[0]
    value = _plain(value)
    if value is None and "None" in annotation:
        return None
    if name == "image_size":
        sides = [value, value] if isinstance(value, int) else value
        sides = [_plain(side) for side in sides] if isinstance(sides, list | tuple) else sides
        if isinstance(sides, list | tuple) and len(sides) == 2 and all(type(side) is int for side in sides):
            return tuple(sides)
    elif kind == "float" and type(value) in (int, float) and not _too_long(value):
        return float(value)
    elif type(value).__name__ == kind:
        return value
    elif (name == "ignore" and type(value) is int) or (kind == "str" and isinstance(value, Path)):
        return str(value)
    wanted = {"int": "a whole number", "float": "a number", "bool": "true or false", "str": "a text"}
    expected = wanted.get(kind, "two whole numbers, [height, width]") + (" of seconds" if name == "time" else "")
    raise UsageError(f"{name} in {source} is {value!r:.100}, expected {expected}.")


def _plain(value: Any) -> Any:
    """Python's own number or text for one of NumPy's, which is not imported here."""
    return value.item() if getattr(value, "ndim", None) == 0 and hasattr(value, "item") else value


def toml(value: Any) -> str:
    """A value as TOML writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "[" + ", ".join(toml(item) for item in value) + "]"
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return '"' + "".join(c if c >= " " and c != "\x7f" else f"\\u{ord(c):04x}" for c in escaped) + '"'
    return repr(value)


def _too_long(value: float) -> bool:
    """Whether a whole number is too long for a float; JSON and TOML can hold such."""
    return type(value) is int and abs(value) > 2**63
