import pytest

from cnnkit.data.layout.part_names import part_within, parts_called


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("train", "train"),
        ("Training", "train"),
        ("TRAINING_SET", "train"),
        ("trainset", "train"),
        ("tr", "train"),
        ("train2017", "train"),
        ("01_train", "train"),
        ("trainImages", "train"),
        ("valid", "val"),
        ("validation-data", "val"),
        ("dev", "val"),
        ("Eval", "val"),
        ("testing", "test"),
        ("test images", "test"),
        ("tst", "test"),
        ("hold-out", "test"),
    ],
)
def test_the_usual_names_of_the_parts_are_known(name, part):
    assert parts_called([name]) == {name: part}


@pytest.mark.parametrize(
    "name", ["cat", "data", "images", "", "2017", "train station", "testament", "retrain", "trout"]
)
def test_other_names_mean_no_part(name):
    assert parts_called([name]) == {}


def test_eval_is_measured_at_the_end_where_something_else_chooses():
    assert parts_called(["train", "dev", "eval"]) == {"train": "train", "dev": "val", "eval": "test"}
    assert parts_called(["train", "eval"]) == {"train": "train", "eval": "val"}
    assert parts_called(["train", "eval", "test"])["eval"] == "val"


def test_one_word_of_several_may_name_the_part():
    assert part_within("seg_train") == "train" and part_within("birds-testing") == "test"
    assert part_within("seg") is None and part_within("train_and_test") is None
