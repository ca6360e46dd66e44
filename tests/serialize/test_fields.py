"""Values of records: right in type, range and finiteness, or named."""

from dataclasses import dataclass, field

import pytest

from cnnkit.serialize.fields import check, made


@dataclass(frozen=True)
class Row:
    name: str
    count: int
    share: float = 0.5
    sure: bool = False
    best: int | None = None
    more: list[dict] = field(default_factory=list)


@pytest.mark.parametrize(
    ("kind", "value"),
    [(int, 0), (int | None, None), (float, 3), (float, -1e300), (str, ""), (bool, True), (list[int], [1, 2])],
)
def test_what_is_right_comes_back(kind, value):
    assert check("x", "y", value, kind) == value


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (int, True),
        (int, 1.0),
        (int, "1"),
        (int, -1),
        (int, 2**60),
        (int | None, "1"),
        (float, float("nan")),
        (float, float("inf")),
        (float, 10**400),
        (float, True),
        (float, None),
        (str, None),
        (str, 5),
        (bool, 1),
        (list[int], [1, "2"]),
        (list[int], 3),
        (list[str] | None, {"a": 1}),
    ],
)
def test_what_is_wrong_names_the_field(kind, value):
    with pytest.raises(ValueError, match=r"^the file: field(\[1\])? is .*, expected "):
        check("the file", "field", value, kind)


def test_a_range_is_told():
    with pytest.raises(ValueError, match=r"share is 1\.5, expected a finite number from 0 to 1"):
        check("the file", "share", 1.5, float, (0, 1))


def test_a_record_becomes_its_class():
    assert made(Row, {"name": "a", "count": 2}, "row") == Row("a", 2)
    assert made(Row, {"name": "a", "count": 2, "best": 3}, "row", more=[{}]).more == [{}]


@pytest.mark.parametrize(
    ("record", "why"),
    [
        (None, "row is None, expected named fields"),
        ([], "expected named fields"),
        ({"name": "a"}, "row has no field 'count'"),
        ({"name": "a", "count": 1, "colour": 2}, "row has the field 'colour'"),
        ({"name": "a", "count": 1, 3: 2}, "row has the field '3'"),
        ({"name": "a", "count": "1"}, "row: count is '1', expected a whole number"),
    ],
)
def test_a_record_of_another_form_is_refused(record, why):
    with pytest.raises(ValueError, match=why):
        made(Row, record, "row")
