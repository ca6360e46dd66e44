"""What a state or a weight file says of its network and its data, each field checked: the one reader of that record."""

from collections.abc import Mapping
from typing import Any

from cnnkit.config import PRECISIONS
from cnnkit.data.view.preprocessing import Preprocessing
from cnnkit.errors import CheckpointError, DataError, UsageError
from cnnkit.models.detection.darknet.given import give, is_cfg
from cnnkit.serialize.fields import Range, check
from cnnkit.tasks.registry import find

# A file of more classes than this could not be told from a mistake.
MOST_CLASSES = 100_000
# Seeds go up to here; a date or an address has no place in a text as long as the other.
_SEED, _LONGEST = 2**63 - 1, 100_000

_SHARE: Range = (0, 1)
# Field, kind, range, whether every file has it. Files of other versions may say more.
_FIELDS: tuple[tuple[str, Any, Range | None, bool], ...] = (
    ("model", str, None, True),
    ("classes", list[str], None, True),
    ("task", str | None, None, False),
    ("cfg", str | None, None, False),
    ("own_module", bool | None, None, False),
    ("own_loss", str | None, None, False),
    ("padding", str | None, None, False),
    ("in_channels", int | None, (1, 3), False),
    ("image_size", list[int] | None, None, False),
    ("data", str | None, None, False),
    ("data_sha256", str | None, None, False),
    ("parts_sha256", str | None, None, False),
    ("precision", str | None, None, False),
    ("command", str | None, None, False),
    ("converted_from", str | None, None, False),
    ("cnnkit", str | None, None, False),
    ("epoch", int | None, None, False),
)
_DATA_OPTIONS: tuple[tuple[str, Any, Range | None], ...] = (
    ("data", str | None, None),
    ("image_size", list[int] | None, None),
    ("fit", str | None, None),
    ("grey", bool | None, None),
    ("ignore", str | None, None),
    ("seed", int, (0, _SEED)),
    ("val_fraction", float, _SHARE),
    ("on_unreadable", str | None, None),
)


def checked(record: object, where: str) -> dict[str, Any]:
    """The record as it is, once every field that is used is what it should be.

    where: the file, for messages.

    Raises:
        CheckpointError: it names the first field that is not, what it is and what was expected.
    """
    try:
        if not isinstance(record, Mapping):
            raise ValueError(f"{where}: about is {record!r:.60}, expected named fields")
        for name, kind, within, needed in _FIELDS:
            if name in record:
                check(where, name, record[name], kind, within)
            elif needed:
                raise ValueError(f"{where} does not say its {name}")
        _check_network(record, where)
        task, settings = find(record.get("task")), record.get("settings", {})
        if not isinstance(settings, Mapping):
            raise ValueError(f"{where}: settings is {settings!r:.60}, expected named fields")
        for name, of in task.kept.items():
            check(where, f"settings.{name}", settings.get(name), *of)
        for metric in task.metrics:
            for name in (metric.name, f"val_{metric.name}"):
                check(where, name, record.get(name), float | None, metric.within)
        if not 1 <= len(record["classes"]) <= MOST_CLASSES:
            raise ValueError(f"{where}: classes are {len(record['classes']):,}, expected 1 to {MOST_CLASSES:,}")
        if record.get("precision") not in (None, *PRECISIONS):
            raise ValueError(f"{where}: precision is {record['precision']!r:.60}, expected {' or '.join(PRECISIONS)}")
        options = record.get("data_options", {})
        if not isinstance(options, Mapping):
            raise ValueError(f"{where}: data_options is {options!r:.60}, expected named fields")
        for name, kind, within in _DATA_OPTIONS:
            if name in options:
                check(where, f"data_options.{name}", options[name], kind, within)
        Preprocessing.from_record(record.get("preprocessing"))
    except ValueError as error:
        raise CheckpointError(f"{error}. Was it written by cnnkit? Use another file.") from error
    except (DataError, UsageError) as error:
        raise CheckpointError(f"{where}: {error}") from error
    return dict(record)


def _check_network(record: Mapping[str, Any], where: str) -> None:
    """What a `.cfg` file told is in the record, and is built from there; DataError, ValueError if it cannot be."""
    name, text = record["model"], record.get("cfg")
    if text is not None and give(text, name) != name:
        raise ValueError(f"{where}: cfg is of {give(text, name)}, expected that of its model, {name:.60}")
    if text is None and is_cfg(name) and not record.get("own_module"):
        raise ValueError(f"{where} does not say its cfg, the text of {name:.60}")
