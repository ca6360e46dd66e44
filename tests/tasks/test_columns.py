"""Records whose columns a task names: flat in JSON and CSV, read back with each field checked."""

from dataclasses import dataclass, field

import pytest

from cnnkit.tasks.columns import Columned, Values, columns, read
from cnnkit.tasks.metric import Metric


@dataclass(frozen=True, repr=False)
class Row(Columned):
    epoch: int
    val: Values = field(metadata=columns("val_"))
    lr: float


ROW = Row(3, {"top1": 0.5, "mae": 7.0}, 0.1)
METRICS = (Metric("top1", "top-1"), Metric("mae", "mean error", high=False, share=False))


def test_columns_stand_flat_in_their_place_and_are_read_by_name():
    assert list(ROW.to_record().items()) == [("epoch", 3), ("val_top1", 0.5), ("val_mae", 7.0), ("lr", 0.1)]
    assert (ROW.val_top1, ROW.val_mae) == (0.5, 7.0) and "val_top1=0.5" in repr(ROW)
    with pytest.raises(AttributeError, match="val_top5"):
        ROW.val_top5  # noqa: B018


def test_what_was_written_comes_back():
    assert read(Row, ROW.to_record(), "row", {"val": METRICS}) == ROW


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"val_top1": 1.5}, "val_top1 is 1.5, expected a finite number from 0 to 1"),
        ({"val_mae": "7"}, "val_mae is '7'"),
        ({"val_top5": 0.5}, "has the field 'val_top5', which is not known here"),
    ],
)
def test_a_column_that_is_not_what_it_should_be_is_named(change, said):
    with pytest.raises(ValueError, match=said):
        read(Row, ROW.to_record() | change, "row", {"val": METRICS})


def test_a_column_that_is_missing_is_named():
    with pytest.raises(ValueError, match="row has no field 'val_mae'"):
        read(Row, {"epoch": 3, "val_top1": 0.5, "lr": 0.1}, "row", {"val": METRICS})
