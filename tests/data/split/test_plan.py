from collections import Counter

import pytest

from cnnkit.data.layout.listing import PictureFile
from cnnkit.data.split.plan import Plan, check_shares, counts, plan
from cnnkit.errors import DataError, UsageError


@pytest.fixture
def files(tmp_path):
    """files(cat=["a", "b"], dog=["c"]): one file for each content, in the order given."""

    def make(**contents):
        made = []
        for name, texts in contents.items():
            for i, text in enumerate(texts):
                path = tmp_path / f"{name}-{i}"
                path.write_text(text)
                made.append(PictureFile(str(path), name))
        return made

    return make


def planned(files, *, val=0.15, test=0.15, seed=0) -> Plan:
    *_, result = plan(files, val=val, test=test, seed=seed)
    assert isinstance(result, Plan)
    return result


def test_each_class_gives_its_share_to_each_part(files):
    made = planned(files(cat=map(str, range(100)), dog=map(str, range(100, 120))))
    got = {part: Counter(file.class_name for file in some) for part, some in made.parts.items()}
    assert got == {"train": {"cat": 70, "dog": 14}, "val": {"cat": 15, "dog": 3}, "test": {"cat": 15, "dog": 3}}
    assert (made.copies, made.disputed) == (0, 0)


def test_the_seed_draws_and_nothing_else_does(files):
    some = files(cat=map(str, range(40)))
    assert planned(some) == planned(some)
    assert planned(some).parts != planned(some, seed=1).parts


def test_copies_stay_together_whatever_the_seed(files):
    some = files(cat=[str(i % 5) for i in range(15)])
    for seed in range(20):
        made = planned(some, val=0.3, test=0.3, seed=seed)
        contents = {part: {file.path.read_text() for file in group} for part, group in made.parts.items()}
        assert sum(map(len, contents.values())) == 5
        assert all(contents.values())
        assert made.copies == 10


def test_a_picture_under_two_labels_trains(files):
    some = files(cat=["same", "1", "2", "3"], dog=["same", "4", "5", "6"])
    for seed in range(10):
        made = planned(some, seed=seed)
        assert {file.path.name for file in made.parts["train"]} >= {"cat-0", "dog-0"}
        assert made.disputed == 1


@pytest.mark.parametrize(
    ("pictures", "val", "test", "expected"),
    [
        (0, 0.15, 0.15, (0, 0)),
        (1, 0.15, 0.15, (0, 0)),
        (2, 0.15, 0.15, (0, 1)),
        (2, 0.15, 0.0, (1, 0)),
        (2, 0.4, 0.4, (0, 1)),
        (3, 0.15, 0.15, (1, 1)),
        (3, 0.45, 0.45, (1, 1)),
        (10, 0.5, 0.49, (5, 4)),
        (100, 0.0, 0.2, (0, 20)),
        (1000, 0.001, 0.001, (1, 1)),
    ],
)
def test_small_classes_leave_no_part_empty_while_they_can(pictures, val, test, expected):
    assert counts(pictures, val, test) == expected


@pytest.mark.parametrize("pictures", range(2, 30))
def test_something_is_always_left_to_train_on(pictures):
    for val, test in [(0.5, 0.49), (0.98, 0.01), (0.01, 0.98), (0.99, 0.0), (0.0, 0.99)]:
        assert 0 < sum(counts(pictures, val, test)) < pictures


@pytest.mark.parametrize(("val", "test"), [(0.5, 0.5), (0.0, 0.0), (1.0, 0.0), (-0.1, 0.5), (float("nan"), 0.1)])
def test_shares_that_leave_nothing_are_refused(val, test):
    with pytest.raises(UsageError, match="above 0 and below 1"):
        check_shares(val, test)


def test_a_part_of_no_share_is_left_out(files):
    assert list(planned(files(cat=map(str, range(9))), val=0).parts) == ["train", "test"]


def test_what_is_gone_or_no_file_is_named(files, tmp_path):
    some = files(cat=["a", "b"])
    some[1].path.unlink()
    with pytest.raises(DataError, match="cat-1 cannot be read: No such file"):
        planned(some)
    some[1].path.mkdir()
    with pytest.raises(DataError, match="cat-1 is not a regular file"):
        planned(some)
