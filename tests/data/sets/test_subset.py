import numpy as np
import pytest

from cnnkit.data.load.loader import Loader
from cnnkit.data.open.splits import split_parts
from cnnkit.data.sample import Sample
from cnnkit.data.sets.base import Dataset
from cnnkit.data.sets.subset import Subset, split
from cnnkit.data.sets.synthetic import synthetic
from cnnkit.data.split.parts import from_csv, parts_of, to_csv
from cnnkit.data.split.recall import recall
from cnnkit.data.targets import VOID, Mask
from cnnkit.data.view.preprocessing import Preprocessing
from cnnkit.errors import UsageError


def test_a_split_keeps_the_share_of_each_class_and_loses_nothing():
    data = synthetic(200, classes=4)
    rest, part = split(data, 0.25, seed=3)
    np.testing.assert_array_equal(np.bincount(part.labels()), [12, 12, 12, 12])
    assert sorted(rest.indices.tolist() + part.indices.tolist()) == list(range(200))
    assert part[5].target == data[part.indices[5]].target


def test_a_split_depends_on_its_seed_alone():
    data = synthetic(100)
    same = [split(data, 0.2, seed=1)[1].indices.tolist() for _ in range(2)]
    assert same[0] == same[1] != split(data, 0.2, seed=2)[1].indices.tolist()


@pytest.mark.parametrize("fraction", [0.01, 0.99])
def test_a_class_of_two_gives_one_to_each_side(fraction):
    rest, part = split(synthetic(6, classes=3), fraction, seed=0)
    assert sorted(rest.labels()) == sorted(part.labels()) == [0, 1, 2]


def test_fingerprints_tell_data_and_parts_apart():
    data = synthetic(40)
    rest, part = split(data, 0.5, seed=0)
    prints = [data.fingerprint(), rest.fingerprint(), part.fingerprint(), synthetic(40, seed=1).fingerprint()]
    assert len(set(prints)) == 4 and synthetic(40).fingerprint() == prints[0]
    assert Subset(data, rest.indices).fingerprint() == rest.fingerprint()


class Masked(Dataset):
    """Pictures of several sizes, as decoded, whose masks are what they show."""

    labelled, as_decoded = False, True

    def __init__(self, n=10):
        self.name, self.classes, self.mirror, self._n = "masked", ["ground", "thing"], True, n
        self.preprocessing = Preprocessing(16, 16, 1, (0.0,), (1 / 255,), "stretch")

    def __len__(self):
        return self._n

    def __getitem__(self, index):
        labels = np.zeros((16 * (1 + index % 3), 32), np.uint8)
        labels[:, 16:] = 1
        return Sample(labels[..., None] * np.uint8(200), Mask(labels))

    def fingerprint(self):
        return "masked"


def test_samples_without_a_class_are_one_stratum():
    data = Masked()
    rest, part = split(data, 0.25, seed=3)
    assert len(rest) == 8 and len(part) == 2 and part.strata().tolist() == [0, 0]
    assert split(data, 0.25, seed=3)[1].indices.tolist() == part.indices.tolist()
    for dataset in (data, part):
        with pytest.raises(UsageError, match="The samples of masked have no class each"):
            dataset.labels()
    labelled = synthetic(12, classes=3)
    np.testing.assert_array_equal(Subset(labelled, np.arange(4, 9)).strata(), labelled.labels()[4:9])


def test_samples_without_a_class_are_parted_recorded_and_found_again():
    splits = split_parts(Masked(20), None, None, found="masks", notes=[], seed=0, val_fraction=0.2)
    parts = from_csv(to_csv(parts_of(splits)))
    again = recall(parts, splits)
    assert [len(again.part(name)) for name in ("train", "val", "test")] == [13, 3, 4]
    assert isinstance(again.train[0].target, Mask) and again.train.as_decoded and not again.train.labelled
    assert again.train.strata().tolist() == [0] * 13


@pytest.mark.parametrize("augment", ["none", "light", "strong"])
def test_pictures_as_decoded_are_changed_first_and_then_brought_to_size_with_their_masks(augment):
    def masks(samples):
        return np.stack([sample.target.labels for sample in samples])

    rest, _ = split(Masked(), 0.25, seed=3)
    for batch in Loader(rest, 3, shuffle=True, augment=augment, targets=masks).epoch(1):
        assert batch.x.shape[1:] == (16, 16, 1) and batch.targets.shape[1:] == (16, 16) and batch.sizes is None
        if augment != "strong":  # without changes of colour
            x, labels = batch.x[..., 0], batch.targets
            sure = (labels != VOID) & ((x > 0.76 * 200) | (x < 0.24 * 200))
            np.testing.assert_array_equal(labels[sure], (x > 100)[sure])
            assert sure.mean() > 0.7
