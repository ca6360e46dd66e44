import gzip

import numpy as np
import pytest

from cnnkit.data.open.source import open_data
from cnnkit.data.sets.digits import FOLDER, digits
from cnnkit.data.sets.idx import looks_like_digits


@pytest.mark.parametrize(("part", "per_class"), [("train", 1000), ("test", 200)])
def test_the_digits_are_balanced(part, per_class):
    dataset = digits(part)
    np.testing.assert_array_equal(np.bincount(dataset.labels()), [per_class] * 10)
    assert dataset[0].image.shape == (28, 28, 1) and dataset.classes[3] == "3" and not dataset.mirror
    assert looks_like_digits(dataset.images)


def test_they_take_at_most_two_and_a_half_megabytes():
    assert sum(path.stat().st_size for path in FOLDER.iterdir() if path.is_file()) <= 2_500_000


def test_source_and_licence_lie_beside():
    assert "LeCun" in (FOLDER / "SOURCE.md").read_text() and "CC BY-SA 3.0" in (FOLDER / "LICENSE").read_text()


def test_no_image_is_in_two_parts():
    train, test = ({image.tobytes() for image in digits(part).images} for part in ("train", "test"))
    assert len(train) == 10_000 and len(test) == 2_000 and not train & test


def test_the_splits_add_up_and_the_best_epoch_is_chosen_on_training_images(no_network):
    splits = open_data()
    assert [len(splits.train), len(splits.val), len(splits.test)] == [9000, 1000, 2000]
    assert not set(splits.train.indices.tolist()) & set(splits.val.indices.tolist())


@pytest.mark.slow
def test_the_script_makes_the_same_files_again(shared, tmp_path):
    # The deflate streams may differ between versions of zlib; what they hold may not.
    namespace = {"__name__": "make_digits"}
    exec(compile((FOLDER / "make_digits.py").read_text(), "make_digits.py", "exec"), namespace)
    namespace["make"](shared / "data" / "mnist", tmp_path)
    made = sorted(tmp_path.iterdir())
    assert len(made) == 4
    for path in made:
        packed = (FOLDER / path.name).read_bytes()
        assert gzip.decompress(path.read_bytes()) == gzip.decompress(packed)
        # No time and no name in the header.
        assert packed[:10] == path.read_bytes()[:10] and packed[3:8] == bytes(5)
