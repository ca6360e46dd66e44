import threading

import numpy as np
import pytest

from cnnkit.data.loader import Loader
from cnnkit.data.sets.base import Dataset
from cnnkit.data.sets.synthetic import synthetic
from cnnkit.errors import UsageError
from cnnkit.kernels.cpu import memory


def everything(loader, number=0, start=0):
    batches = list(loader.epoch(number, start))
    return [batch.x.copy() for batch in batches], [batch.indices.tolist() for batch in batches]


def assert_same(one, other):
    assert one[1] == other[1]
    for x, y in zip(one[0], other[0], strict=True):
        np.testing.assert_array_equal(x, y)


def loader_threads():
    return [thread for thread in threading.enumerate() if thread.name.startswith("cnnkit-loader")]


def test_every_sample_comes_once_with_its_label(no_network):
    data = synthetic(50)
    batches = list(Loader(data, 8, shuffle=True).epoch(0))
    assert [len(batch.labels) for batch in batches] == [8] * 6 + [2]
    indices = np.concatenate([batch.indices for batch in batches])
    assert sorted(indices.tolist()) == list(range(50)) != indices.tolist()
    for batch in batches:
        np.testing.assert_array_equal(batch.labels, data.labels()[batch.indices])
        assert batch.x.dtype == np.float32 and batch.labels.dtype == np.int64 and memory.is_aligned(batch.x)


def test_without_shuffle_the_order_is_that_of_the_data():
    assert np.concatenate([b.indices for b in Loader(synthetic(20), 6).epoch(5)]).tolist() == list(range(20))


@pytest.mark.parametrize("prefetch", [0, 1, 4])
def test_order_and_augmentation_depend_on_seed_and_epoch_alone(prefetch):
    data = synthetic(40, channels=3)
    whole = everything(Loader(data, 8, seed=3, shuffle=True, augment="strong"), 2)
    assert_same(whole, everything(Loader(data, 8, seed=3, shuffle=True, augment="strong", prefetch=prefetch), 2))
    assert everything(Loader(data, 8, seed=3, shuffle=True), 3)[1] != whole[1]
    assert everything(Loader(data, 8, seed=4, shuffle=True), 2)[1] != whole[1]


@pytest.mark.parametrize("start", [0, 1, 4, 5])
def test_an_epoch_begun_in_the_middle_goes_on_as_the_whole_one(start):
    loader = Loader(synthetic(40), 8, shuffle=True, augment="standard")
    x, indices = everything(loader, 1)
    assert_same(everything(loader, 1, start), (x[start:], indices[start:]))


def test_shards_share_the_samples_out():
    data = synthetic(21)
    parts = [everything(Loader(data, 4, shuffle=True, shard=(rank, 2)))[1] for rank in (0, 1)]
    flat = [[index for batch in part for index in batch] for part in parts]
    assert sorted(flat[0] + flat[1]) == list(range(21)) and len(flat[0]) == 11


@pytest.mark.parametrize(("drop_last", "batches"), [(False, 6), (True, 5)])
def test_the_length_is_the_number_of_batches(drop_last, batches):
    loader = Loader(synthetic(43), 8, drop_last=drop_last)
    assert len(loader) == len(list(loader.epoch(0))) == batches


def test_closing_the_iterator_early_ends_its_thread():
    batches = Loader(synthetic(500), 2).epoch(0)
    next(batches)
    assert loader_threads()
    batches.close()
    assert not loader_threads()


class Broken(Dataset):
    """Sample 5 cannot be read."""

    def __init__(self):
        self.inner = synthetic(10)
        self.name, self.classes, self.mirror = "broken", self.inner.classes, False
        self.preprocessing = self.inner.preprocessing

    def __len__(self):
        return 10

    def __getitem__(self, index):
        if index == 5:
            raise OSError("disk gone")
        return self.inner[index]

    def labels(self):
        return self.inner.labels()

    def fingerprint(self):
        return ""


def test_what_fails_in_the_thread_surfaces_at_its_batch():
    batches = Loader(Broken(), 2).epoch(0)
    assert [next(batches).indices.tolist() for _ in range(2)] == [[0, 1], [2, 3]]
    with pytest.raises(OSError, match="disk gone"):
        next(batches)
    assert not loader_threads()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_size": 0}, "the batch size is 0"),
        ({"batch_size": 2, "shard": (2, 2)}, "0 <= rank < size"),
        ({"batch_size": 2, "augment": "standart"}, "Did you mean 'standard'?"),
    ],
)
def test_impossible_options_are_refused(options, message):
    with pytest.raises(UsageError, match=message):
        Loader(synthetic(4), **options)
