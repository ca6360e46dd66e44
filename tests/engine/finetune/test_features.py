"""A head that learns from features computed once learns what it would learn from the pictures."""

import math

import numpy as np
import pytest

from cnnkit import nn, ops
from cnnkit.autograd import Tensor, no_grad
from cnnkit.data.load.loader import Loader
from cnnkit.data.open.splits import split_parts
from cnnkit.data.sets.synthetic import synthetic
from cnnkit.engine.finetune.features import FeatureLoader, Features, choose_views, needed
from cnnkit.engine.fit import fit, resume
from cnnkit.engine.records.events import EpochEnd, Note, StepEnd, TrunkStep
from cnnkit.engine.records.options import FitOptions
from cnnkit.engine.session.assemble import begin
from cnnkit.engine.use.judge import judge
from cnnkit.engine.use.load import load
from cnnkit.nn.parts.freeze import cut
from cnnkit.serialize import safe
from cnnkit.tasks import ClassificationTask


def data(classes=4, mirror=True):
    train, test = (synthetic(15 * classes, classes, 8, 1, seed=seed) for seed in (5, 6))
    train.mirror = mirror
    return split_parts(train, None, test, found="synthetic", notes=[], seed=0, val_fraction=0.2)


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    folder = tmp_path_factory.mktemp("weights") / "run"
    list(fit(FitOptions(model="digitnet", epochs=1, batch_size=16, lr=0.05, output=str(folder)), data=data(3)))
    return folder


def options(output, weights, **changes):
    plain = {"epochs": 4, "batch_size": 16, "augment": "light", "seed": 3, "freeze": "trunk"}
    return FitOptions(output=str(output), weights=str(weights), **(plain | changes))


def filled(weights, **changes):
    ready = begin(options("unused", weights, **changes), None, data())
    training = ready.training
    features = Features(training.tail, training.cut, ready.splits, training.options)
    list(features.fill())
    return training, ready.splits, features


def test_features_and_tail_are_the_network(weights):
    training, splits, features = filled(weights)
    assert features.fits()
    for view in range(2):
        loader = Loader(splits.train, 7, preprocessing=splits.preprocessing, seed=3, augment="light")
        for batch in loader.epoch(view):
            with no_grad():
                whole = training.module(Tensor(batch.x)).numpy()
                tail = training.tail(Tensor(features.train[view][batch.indices])).numpy()
            # Batches of another size may be summed in another order: a few roundings of numbers near 1.
            np.testing.assert_allclose(tail, whole, rtol=0, atol=1e-5)


def test_the_validation_part_is_judged_to_the_same_bits(weights, tmp_path):
    events = list(fit(options(tmp_path / "run", weights), data=data()))
    last = [event for event in events if isinstance(event, EpochEnd)][-1]
    network, splits = load(tmp_path / "run").module, data()
    task = ClassificationTask(splits.classes)
    tally = task.tally()
    preprocessing = load(tmp_path / "run").preprocessing
    list(judge(task, network, splits.val, preprocessing, tally))
    assert (tally.judgement().loss, tally.judgement().values["top1"]) == (last.val_loss, last.val_top1)


def test_as_long_as_views_last_the_pictures_teach_the_same(weights, tmp_path):
    losses = {}
    for views in (0, 4):
        events = fit(options(tmp_path / str(views), weights, views=views), data=data())
        losses[views] = [event.loss for event in events if isinstance(event, StepEnd)]
    assert len(losses[0]) == 12
    # The same pictures in the same order; the trunk saw them in batches of another size, which rounds otherwise.
    np.testing.assert_allclose(losses[4], losses[0], rtol=0, atol=1e-5)


def test_later_epochs_show_the_views_again_in_a_new_order(weights):
    _, splits, features = filled(weights, views=2)
    inner = Loader(splits.train, 16, preprocessing=splits.preprocessing, seed=3, shuffle=True, augment="light")
    loader = FeatureLoader(inner, features)
    first, third = (list(loader.epoch(number)) for number in (0, 2))
    assert len(first) == len(loader) == 3
    assert sorted(np.concatenate([batch.indices for batch in third])) == list(range(len(splits.train)))
    assert np.any(first[0].indices != third[0].indices)
    for batch in third:
        np.testing.assert_array_equal(batch.x, features.train[0][batch.indices])
        np.testing.assert_array_equal(batch.targets, splits.train.labels()[batch.indices])
    begun = list(loader.epoch(2, 1))
    np.testing.assert_array_equal(begun[0].x, third[1].x)


def test_any_number_of_threads_gives_the_same_bits(weights, tmp_path):
    for threads in (1, 2):
        list(fit(options(tmp_path / str(threads), weights, threads=threads), data=data()))
    one, two = ((tmp_path / str(n) / "weights" / "best.safetensors").read_bytes() for n in (1, 2))
    assert one == two


def test_the_end_of_a_finished_run_can_be_moved(weights, tmp_path):
    list(fit(options(tmp_path / "run", weights, epochs=2), data=data()))
    assert FitOptions.read(tmp_path / "run" / "config.toml").views == 2
    events = list(resume(tmp_path / "run", {"epochs": 3}, data=data()))
    assert len([event for event in events if isinstance(event, EpochEnd)]) == 1


def test_what_was_done_is_told(weights, tmp_path):
    events = list(fit(options(tmp_path / "run", weights), data=data()))
    assert [event for event in events if isinstance(event, TrunkStep)][-1] == TrunkStep(4 * 48 + 12, 4 * 48 + 12)
    (note,) = (event.text for event in events if isinstance(event, Note))
    assert note.startswith("48 images, 4 versions of each, went through the frozen trunk in ")


@pytest.mark.parametrize(
    ("changes", "room", "expected"),
    [
        ({}, None, 4),
        ({"epochs": 60}, None, 8),
        ({"epochs": 60}, 10**9, 8),
        ({"augment": "none"}, None, 1),
        ({"mixup": 0.2}, None, 0),
        ({"cutmix": 1.0}, None, 0),
        ({"freeze": "none"}, None, 0),
        ({"views": 3}, 0, 3),
        ({}, 0, 0),
    ],
)
def test_the_number_of_views_follows_from_options_and_room(weights, changes, room, expected):
    ready = begin(options("unused", weights), None, data())
    assert choose_views(options("unused", weights, **changes), ready.splits, ready.training.cut, room) == expected


def test_fewer_views_are_kept_where_room_is_short(weights):
    ready = begin(options("unused", weights), None, data())
    at, splits = ready.training.cut, ready.splits
    size = 4 * math.prod(at.shape)
    assert needed(2, splits, at) == size * (2 * 48 + 12)
    assert choose_views(options("unused", weights), splits, at, needed(3, splits, at) - 1) == 2


class Bypass(nn.Module):
    """Its result hangs on the trunk past the head, too."""

    def __init__(self) -> None:
        self.conv, self.pool, self.head = nn.Conv2d(1, 4, 3), nn.GlobalAvgPool2d(), nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        x = self.pool(self.conv(x))
        return self.head(x) + ops.relu(x)


def test_a_network_that_looks_past_its_head_is_trained_on_pictures(tmp_path):
    list(fit(FitOptions(epochs=1, batch_size=16, lr=0.01, output=str(tmp_path / "w")), module=Bypass(), data=data()))
    network = Bypass()
    assert cut(network, (1, 8, 8, 1)).start is network.head
    events = list(fit(options(tmp_path / "run", tmp_path / "w"), module=network, data=data()))
    assert any(isinstance(event, Note) and "does not end in its last layer alone" in event.text for event in events)
    assert not any(isinstance(event, TrunkStep) for event in events)


@pytest.mark.parametrize("keep", [None, "last", "best"])
def test_which_epoch_is_kept_is_said_in_one_way(weights, tmp_path, keep):
    events = list(fit(options(tmp_path / "run", weights, epochs=4, keep=keep), data=data()))
    kept = "best" if keep == "best" else "last"
    best = [event.epoch for event in events if isinstance(event, EpochEnd) and event.best]
    result, notes = events[-1].result, events[0].notes
    assert (result.keep, any("last epoch are kept" in note for note in notes)) == (kept, keep is None)
    assert result.best_epoch == (best[-1] if kept == "best" else 4) and bool(best) == (kept == "best")
    record = safe.read_record(tmp_path / "run/weights/best.safetensors")
    assert (record["epoch"], record["top1"]) == (result.best_epoch, result.top1)
    ours, last = (safe.load(tmp_path / f"run/weights/{name}.safetensors")[0] for name in ("best", "last"))
    same = all(np.array_equal(ours[name], last[name]) for name in ours)
    assert same == (result.best_epoch == 4)
