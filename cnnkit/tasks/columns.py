"""Records some of whose fields hold numbers by name, as a task has them: in JSON and CSV each is a column of its own.

val: Values = field(metadata=columns("val_"))     val={"top1": 0.9} is written as val_top1, and read so: row.val_top1
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any, TypeVar

from cnnkit.serialize.fields import Range, check, made
from cnnkit.tasks.metric import Metric

Values = Mapping[str, Any]
Made = TypeVar("Made")


def columns(prefix: str = "") -> Mapping[str, str]:
    """Metadata of a field whose names become columns with this prefix: a mapping, or another Columned record."""
    return {"prefix": prefix}


class Columned:
    """Abstract: a dataclass with such fields."""

    def to_record(self) -> dict[str, Any]:
        """All columns by name, as JSON and CSV have them."""
        found = asdict(self)  # type: ignore[call-overload]  # a dataclass
        return {name: value for column, held in found.items() for name, value in self._columns(column, held)}

    def _columns(self, column: str, held: Any) -> list[tuple[str, Any]]:
        prefix = _prefixes(type(self)).get(column)
        if prefix is None:
            return [(column, held)]
        own = vars(self)[column]
        return [
            (prefix + name, value) for name, value in (own.to_record() if isinstance(own, Columned) else held).items()
        ]

    def __getattr__(self, name: str) -> Any:
        """A column by its name."""
        for column, prefix in _prefixes(type(self)).items():
            held = vars(self).get(column, {})
            key = name.removeprefix(prefix)
            if not name.startswith(prefix) or name.startswith("__"):
                continue
            if isinstance(held, Mapping):
                if key in held:
                    return held[key]
            elif hasattr(held, key):
                return getattr(held, key)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(self._shown())})"

    def _shown(self) -> list[str]:
        shown = []
        for f in fields(self):  # type: ignore[arg-type]  # a dataclass
            held, prefix = vars(self)[f.name], f.metadata.get("prefix")
            if not f.repr:
                continue
            if prefix is None:
                shown.append(f"{f.name}={held!r}")
            elif isinstance(held, Columned):
                shown += held._shown()
            else:
                shown += [
                    f"{prefix}{name}={value!r}"
                    for name, value in (held if isinstance(held, Mapping) else vars(held)).items()
                ]
        return shown


def read(
    cls: type[Made],
    record: object,
    where: str,
    groups: Mapping[str, Sequence[Metric]],
    ranges: Mapping[str, Range] | None = None,
    **given: Any,
) -> Made:
    """What `to_record` gave, each field checked as `serialize.fields.made` does.

    groups: for each field of columns, the metrics that it holds.

    Raises:
        ValueError: it names the field, what it is and what was expected.
    """
    if not isinstance(record, Mapping):
        raise ValueError(f"{where} is {record!r:.60}, expected named fields")
    rest = dict(record)
    for column, prefix in _prefixes(cls).items():
        if column in given:
            continue
        values = {}
        for metric in groups.get(column, ()):
            key = prefix + metric.name
            if key not in rest and metric.optional:
                continue
            if key not in rest:
                raise ValueError(f"{where} has no field {key!r}")
            values[metric.name] = check(where, key, rest.pop(key), float, metric.within)
        given[column] = values
    return made(cls, rest, where, ranges, **given)


def _prefixes(cls: type) -> dict[str, str]:
    return {f.name: f.metadata["prefix"] for f in fields(cls) if "prefix" in f.metadata}
