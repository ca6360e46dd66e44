import threading

import numpy as np
import pytest

from cnnkit.data.load import loader as loader_module
from cnnkit.data.load.batch import Batch
from cnnkit.data.load.loader import Loader
from cnnkit.data.open.source import open_data
from cnnkit.data.sample import Sample
from cnnkit.data.sets.base import Dataset
from cnnkit.data.sets.synthetic import synthetic
from cnnkit.data.view.preprocessing import Preprocessing
from cnnkit.errors import DataError, UsageError
from cnnkit.kernels.cpu.machine import buffers


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
    assert [len(batch) for batch in batches] == [8] * 6 + [2]
    indices = np.concatenate([batch.indices for batch in batches])
    assert sorted(indices.tolist()) == list(range(50)) != indices.tolist()
    for batch in batches:
        np.testing.assert_array_equal(batch.targets, data.labels()[batch.indices])
        assert batch.x.dtype == np.float32 and batch.targets.dtype == np.int64 and buffers.is_aligned(batch.x)


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


@pytest.mark.parametrize("mixed", [{"mixup": 0.4}, {"cutmix": 1.0}, {"mixup": 0.4, "cutmix": 1.0}])
@pytest.mark.parametrize(("prefetch", "workers"), [(0, 1), (3, 1), (3, 4)])
def test_mixing_depends_on_seed_epoch_and_batch_alone(mixed, prefetch, workers):
    def batches(start=0, **options):
        loader = Loader(synthetic(42, channels=3), 8, seed=3, shuffle=True, augment="light", **mixed, **options)
        return [(b.x.copy(), b.second_targets.tolist(), b.share) for b in loader.epoch(2, start)]

    whole = batches()
    assert len({share for _, _, share in whole}) > 1
    again = batches(start=2, prefetch=prefetch, workers=workers)
    for (x, partners, share), (x2, partners2, share2) in zip(whole[2:], again, strict=True):
        np.testing.assert_array_equal(x, x2)
        assert (partners, share) == (partners2, share2)


def test_a_mixed_batch_shows_two_images_of_the_data_and_names_both_labels():
    data = synthetic(24, classes=4)
    plain, mixed = (list(Loader(data, 8, shuffle=True, **o).epoch(0)) for o in ({}, {"mixup": 1.0}))
    for one, two in zip(plain, mixed, strict=True):
        np.testing.assert_array_equal(one.indices, two.indices)
        np.testing.assert_array_equal(one.targets, two.targets)
        assert one.second_targets is None and one.share == 1
        for n in range(8):
            # The partner is one of those images of the batch that have the label: the nearest explains the mixture.
            rest = (two.x[n] - two.share * one.x[n]) / (1 - two.share)
            distances = [np.abs(rest - other).max() for other in one.x]
            assert one.targets[np.argmin(distances)] == two.second_targets[n]
            # float32 numbers of size 2, divided by the share of the partner.
            assert min(distances) < 8 * 2**-23 / (1 - two.share)


def test_the_weightier_label_is_that_of_the_larger_share():
    labels, partners = np.array([1, 2]), np.array([3, 4])
    x = np.zeros((2, 1, 1, 1), np.float32)
    for share, expected in [(0.6, labels), (0.5, labels), (0.4, partners)]:
        assert Batch(x, labels, labels, partners, share).weightier is expected
    assert Batch(x, labels, labels).weightier is labels


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


@pytest.mark.parametrize("cache_bytes", [0, 3000, 10**9])
@pytest.mark.parametrize("augment", ["none", "strong"])
def test_batches_of_pictures_are_the_same_at_any_number_of_workers(picture_folder, cache_bytes, augment):
    folder = picture_folder(cats=30, dogs=20)

    def loaded(**options):
        data = open_data(folder, cache_bytes=cache_bytes).train
        return everything(Loader(data, 12, seed=3, shuffle=True, augment=augment, **options), 2)

    alone = loaded(prefetch=0)
    for workers in (1, 2, 5):
        assert_same(alone, loaded(workers=workers))


def test_mixed_batches_are_the_same_at_any_number_of_workers(picture_folder):
    data = open_data(picture_folder(cats=30, dogs=20), cache_bytes=0).train
    one, many = (Loader(data, 12, shuffle=True, mixup=0.4, cutmix=1.0, workers=workers) for workers in (1, 3))
    for ours, theirs in zip(one.epoch(1), many.epoch(1), strict=True):
        np.testing.assert_array_equal(ours.x, theirs.x)
        np.testing.assert_array_equal(ours.second_targets, theirs.second_targets)
        assert ours.share == theirs.share


def test_several_threads_work_where_pictures_are_decoded_and_one_where_they_lie_ready(picture_folder):
    folder = picture_folder(cats=30, dogs=20)
    for cache_bytes, threads in ((0, 3), (10**9, 1)):
        batches = Loader(open_data(folder, cache_bytes=cache_bytes).train, 16, workers=3).epoch(0)
        next(batches)
        assert len(loader_threads()) == threads
        batches.close()
        assert not loader_threads()


def test_no_thread_is_left_over_after_many_epochs(picture_folder):
    loader = Loader(open_data(picture_folder(cats=9, dogs=9), cache_bytes=0).train, 4, workers=3)
    before = threading.active_count()
    for number in range(6):
        batches = loader.epoch(number)
        next(batches)
        if number % 2:
            list(batches)
        else:
            batches.close()
    assert threading.active_count() == before


def test_a_picture_that_vanishes_is_named_at_its_batch(picture_folder):
    folder = picture_folder(cats=20, dogs=20)
    data = open_data(folder, cache_bytes=0).train
    data.path(17).unlink()
    batches = Loader(data, 4, workers=2).epoch(0)
    for _ in range(4):
        next(batches)
    with pytest.raises(DataError, match=f"{data.path(17).name} does not exist"):
        next(batches)
    assert not loader_threads()


@pytest.mark.parametrize(("room", "ahead"), [(0, 1), (3 * 4 * 8 * 28 * 28, 3), (10**9, 4)])
def test_batches_ahead_are_bounded_by_bytes_and_number(monkeypatch, room, ahead):
    monkeypatch.setattr(loader_module, "AHEAD_BYTES", room)
    assert Loader(synthetic(100), 8, prefetch=4)._depth() == ahead


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_size": 0}, "the batch size is 0"),
        ({"batch_size": 2, "workers": 0}, "at least 1 worker, but 0"),
        ({"batch_size": 2, "shard": (2, 2)}, "0 <= rank < size"),
        ({"batch_size": 2, "mixup": -0.1}, "mixup and cutmix are finite numbers, 0 or more, but they are -0.1 and 0.0"),
        ({"batch_size": 2, "cutmix": float("nan")}, "but they are 0.0 and nan"),
        ({"batch_size": 2, "augment": "standart"}, "Did you mean 'standard'?"),
    ],
)
def test_impossible_options_are_refused(options, message):
    with pytest.raises(UsageError, match=message):
        Loader(synthetic(4), **options)


class Unequal(Dataset):
    """Pictures of 3x4 to 9x10 pixels, bright as their number."""

    def __init__(self):
        self.name, self.classes, self.mirror = "unequal", ["a", "b"], True
        self.preprocessing = Preprocessing(8, 8, 1, (0.0,), (1 / 255,), "keep", multiple=8)

    def __len__(self):
        return 7

    def __getitem__(self, index):
        return Sample(np.full((3 + index, 4 + index, 1), 1 + index, np.uint8), index % 2)

    def labels(self):
        return np.arange(7) % 2

    def fingerprint(self):
        return ""


@pytest.mark.parametrize("prefetch", [0, 2])
def test_pictures_that_keep_their_size_come_padded_with_their_sizes(prefetch):
    batches = list(Loader(Unequal(), 4, shuffle=True, augment="light", prefetch=prefetch).epoch(0))
    assert [len(batch) for batch in batches] == [4, 3]
    for batch in batches:
        assert batch.sizes.tolist() == [[3 + i, 4 + i] for i in batch.indices.tolist()]
        assert batch.x.shape[1:] == (*(-(-batch.sizes.max(axis=0) // 8) * 8), 1)
        for x, (h, w), index in zip(batch.x, batch.sizes, batch.indices, strict=True):
            # A multiply and an add in float32.
            np.testing.assert_allclose(x[:h, :w], 1 + index, rtol=1e-6)
            assert x.sum() == pytest.approx(h * w * (1 + index))
    assert next(Loader(synthetic(4), 4).epoch(0)).sizes is None
    with pytest.raises(UsageError, match="unequal sizes cannot be mixed"):
        Loader(Unequal(), 4, mixup=0.2)


@pytest.mark.parametrize("mixed", [{}, {"mixup": 1.0}])
def test_targets_are_collated_from_the_samples_as_they_are_shown(mixed):
    def brightness(samples):
        return [round(float(sample.image.mean()), 3) for sample in samples]

    data = synthetic(12)
    for batch in Loader(data, 4, shuffle=True, targets=brightness, **mixed).epoch(0):
        assert batch.targets == brightness([data[i] for i in batch.indices.tolist()])
        if mixed:
            assert sorted(batch.second_targets) == sorted(batch.targets)
