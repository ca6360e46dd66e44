import numpy as np
import pytest

from cnnkit.data.sets.subset import Subset, split
from cnnkit.data.sets.synthetic import synthetic


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
