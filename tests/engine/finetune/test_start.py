"""Training that starts from weights: what is taken, what stays, and exact resume without the weight file."""

import json
import os
import pickle
import shutil

import numpy as np
import pytest
from PIL import Image

import cnnkit
from cnnkit import models, nn
from cnnkit.data.open.splits import DataSplits, split_parts
from cnnkit.data.sets.synthetic import synthetic
from cnnkit.data.view.preprocessing import Preprocessing
from cnnkit.engine.evaluate import evaluate
from cnnkit.engine.finetune.start import adopt, begin_level
from cnnkit.engine.fit import fit, resume
from cnnkit.engine.records.events import EvaluateFinished
from cnnkit.engine.records.options import FitOptions
from cnnkit.engine.run.folder import Run
from cnnkit.engine.use.load import load
from cnnkit.engine.use.predictor import Predictor
from cnnkit.errors import CheckpointError, DataError, UsageError
from cnnkit.models.network import Network
from cnnkit.nn.parts.freeze import head
from cnnkit.serialize import safe


def data(classes: int = 4, size: int = 8, channels: int = 1) -> DataSplits:
    train, test = (synthetic(15 * classes, classes, size, channels, seed=seed) for seed in (5, 6))
    return split_parts(train, None, test, found="synthetic", notes=[], seed=0, val_fraction=0.2)


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A run of digitnet over three classes, with a normalisation of its own."""
    folder = tmp_path_factory.mktemp("weights") / "run"
    options = FitOptions(model="digitnet", epochs=1, batch_size=16, lr=0.05, output=str(folder))
    list(fit(options, data=data(3).normalised((0.4,), (0.2,))))
    return folder


@pytest.fixture
def photos(tmp_path):
    """Ten larger pictures in colour of each of two kinds."""
    for kind, colour in (("cat", (200, 90, 30)), ("dog", (40, 90, 200))):
        (tmp_path / "photos" / kind).mkdir(parents=True)
        for i in range(10):
            Image.new("RGB", (24, 20), tuple(value + i for value in colour)).save(tmp_path / f"photos/{kind}/{i}.png")
    return tmp_path / "photos"


def options(output, weights, **changes):
    plain = {"epochs": 2, "batch_size": 16, "augment": "light", "seed": 3, "freeze": "none"}
    return FitOptions(output=str(output), weights=str(weights), **(plain | changes))


def tune(output, weights, data=data, **changes):
    return list(fit(options(output, weights, **changes), data=data()))


def first_state(run):
    return safe.load(run / "state" / "step-00000000.safetensors")


def test_the_trunk_is_taken_and_a_head_for_other_classes_starts_anew(weights, tmp_path):
    events = fit(options(tmp_path / "run", weights), data=data())
    started = next(events)
    arrays, record = first_state(tmp_path / "run")
    events.close()
    given = load(weights).module.state_dict()
    for name, array in given.items():
        # A new head gives every class the same score.
        expected = np.zeros_like(arrays[f"model/{name}"]) if name.startswith("dense.") else array
        np.testing.assert_array_equal(arrays[f"model/{name}"], expected, err_msg=name)
    assert arrays["model/dense.weight"].shape == (256, 4)
    assert started.model == record["about"]["model"] == "digitnet"
    (note,) = (note for note in started.notes if "weights are those of" in note)
    assert "last layer is re-initialised, because the classes differ: dense.weight is (256, 4)" in note
    assert "and (256, 3) in the weights" in note


def test_a_head_for_as_many_classes_is_taken_too(weights, tmp_path):
    events = fit(options(tmp_path / "run", weights), data=data(3))
    notes = next(events).notes
    arrays, _ = first_state(tmp_path / "run")
    events.close()
    for name, array in load(weights).module.state_dict().items():
        np.testing.assert_array_equal(arrays[f"model/{name}"], array, err_msg=name)
    assert not any("re-initialised" in note or "other names" in note for note in notes)


def test_classes_with_other_names_are_told(weights, tmp_path):
    renamed = data(3)
    for part in (renamed.train, renamed.val, renamed.test):
        part.classes = ["a", "b", "c"]
    started = next(fit(options(tmp_path / "run", weights), data=renamed))
    assert any("its classes have other names" in note for note in started.notes)


def test_a_head_that_shares_only_some_classes_is_re_initialised(weights, tmp_path):
    shifted = data(3)
    for part in (shifted.train, shifted.val, shifted.test):
        part.classes = ["1", "2", "3"]  # the weights know 0, 1, 2: each score would stand for another class
    events = fit(options(tmp_path / "run", weights), data=shifted)
    notes = next(events).notes
    arrays, _ = first_state(tmp_path / "run")
    events.close()
    assert not arrays["model/dense.weight"].any()
    assert any("only some of its classes are those of the data" in note for note in notes)


def test_the_images_are_normalised_as_the_weights_know_them(weights, tmp_path):
    tune(tmp_path / "run", weights, epochs=1)
    predictor = load(tmp_path / "run")
    assert predictor.preprocessing.mean == (0.4,) and predictor.preprocessing.std == (0.2,)
    assert predictor.record["data_options"]["image_size"] == [8, 8] and predictor.record["data_options"]["grey"] is True


@pytest.mark.parametrize("views", [0, 2])
def test_with_a_frozen_trunk_the_head_alone_changes(weights, tmp_path, views):
    tune(tmp_path / "run", weights, freeze="trunk", ema=0.5, weight_decay=0.1, views=views, optimiser="sgd")
    before = load(weights).module.state_dict()
    # Two states are kept; on features there is none between the first and the last.
    steps = (3, 6) if views == 0 else (0, 6)
    start, state = (safe.load(tmp_path / f"run/state/step-0000000{step}.safetensors")[0] for step in steps)
    for arrays in (load(tmp_path / "run").module.state_dict(), {n.removeprefix("model/"): a for n, a in state.items()}):
        for name, array in before.items():
            if name.startswith("conv"):
                np.testing.assert_array_equal(arrays[name], array, err_msg=name)
    # Dropout before the head has gone on, and the head has moved.
    assert state["model/dropout.counter"] == start["model/dropout.counter"] + steps[1] - steps[0]
    assert np.any(state["model/dense.weight"] != start["model/dense.weight"])
    assert {name for name in state if name.startswith("optimiser/velocity")} == {
        "optimiser/velocity.0",
        "optimiser/velocity.1",
    }


def test_the_head_moves_at_its_own_rate(weights, tmp_path):
    """After one step from the same weights, by plain gradient descent, the way is proportional to the rate."""
    moved = {}
    for name, rates in {"same": {"lr": 0.01}, "own": {"lr": 0.01, "head_lr": 0.04}}.items():
        changes = {"epochs": 1, "batch_size": 100, "schedule": "constant", "weight_decay": 0.0, "momentum": 0.0}
        tune(tmp_path / name, weights, data=lambda: data(3), **(changes | rates))
        start, end = (safe.load(tmp_path / name / "state" / f"step-0000000{n}.safetensors")[0] for n in (0, 1))
        moved[name] = {n: end[f"model/{n}"] - start[f"model/{n}"] for n in ("conv1.weight", "dense.weight")}
    np.testing.assert_array_equal(moved["own"]["conv1.weight"], moved["same"]["conv1.weight"])
    # Differences of float32 numbers near 0.1 are good to some 1e-8.
    np.testing.assert_allclose(moved["own"]["dense.weight"], 4 * moved["same"]["dense.weight"], rtol=1e-3, atol=1e-7)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({}, marks=pytest.mark.slow),
        {"freeze": "trunk", "ema": 0.9},
        pytest.param({"freeze": "trunk", "views": 0}, marks=pytest.mark.slow),
        {"freeze": "trunk", "epochs": 5, "views": 2, "augment": "strong", "keep": "best"},
        pytest.param({"head_lr": 0.1, "lr": 0.02, "clip": 1.0}, marks=pytest.mark.slow),
    ],
)
def test_stopped_anywhere_and_without_its_weight_file_it_ends_with_the_same_bits(weights, tmp_path, changes):
    lost = tmp_path / "lost"
    shutil.copytree(weights, lost)
    count = len(tune(tmp_path / "whole", lost, **changes))
    for stop in range(1, count, max(7, count // 4)):
        folder = tmp_path / f"stopped-{stop}"
        events = fit(options(folder, lost, **changes), data=data())
        for _ in range(stop):
            next(events)
        events.close()
        lost.rename(tmp_path / "gone")
        list(resume(folder, data=data()))
        (tmp_path / "gone").rename(lost)
        for name in ("best", "last"):
            ours, theirs = (run / f"weights/{name}.safetensors" for run in (folder, tmp_path / "whole"))
            assert ours.read_bytes() == theirs.read_bytes()


def test_the_record_repeats_the_choices(weights, tmp_path):
    tune(tmp_path / "run", weights, epochs=1, freeze="trunk", head_lr=0.3)
    run = Run(tmp_path / "run")
    kept = FitOptions.read(run.config)
    assert (kept.weights, kept.freeze, kept.head_lr, kept.model) == (str(weights), "trunk", 0.3, "digitnet")
    command = json.loads(run.manifest.read_text())["command"]
    assert f"--weights {weights} --freeze trunk" in command and "--head-lr 0.3" in command


def test_a_run_of_folders_of_pictures_takes_the_size_and_colour_of_the_weights(tmp_path, weights, photos):
    events = list(fit(options(tmp_path / "run", weights, data=str(photos), epochs=1)))
    assert "read as 8x8 grey" in events[0].found
    # Evaluation opens the data as the training did.
    (finished,) = (event for event in evaluate(load(tmp_path / "run")) if isinstance(event, EvaluateFinished))
    assert finished.result.n == 4


def test_a_network_of_ones_own_takes_weights_that_fit_it(tiny, tmp_path):
    list(tiny.fit(tmp_path / "first", epochs=1))
    network = tiny.Tiny()
    events = fit(options(tmp_path / "run", tmp_path / "first", freeze="trunk"), module=network, data=tiny.data())
    assert any("weights are those of" in note for note in next(events).notes)
    list(events)
    before = load(tmp_path / "first", module=tiny.Tiny()).module.state_dict()
    np.testing.assert_array_equal(network.conv.weight.data, before["conv.weight"])
    assert np.any(network.dense.weight.data != before["dense.weight"])


def refused(error, message, output, source, **changes):
    opened = changes.pop("data", data())
    with pytest.raises(error, match=message):
        next(fit(options(output, source, **changes), data=opened))
    assert not output.exists()


def test_what_cannot_be_meant_is_refused_before_a_run_folder_is_made(weights, tmp_path):
    run = tmp_path / "run"
    refused(UsageError, r"--model is lenet5, but .* holds weights of digitnet", run, weights, model="lenet5")
    refused(DataError, "reads grey images, but synthetic has RGB ones", run, weights, data=data(channels=3))
    with pytest.raises(UsageError, match="no weights to keep"):
        next(fit(FitOptions(freeze="trunk", output=str(run)), data=data()))
    assert not run.exists()


def test_images_of_a_size_that_the_trunk_cannot_take_are_refused(tmp_path):
    list(fit(FitOptions(model="convnet", epochs=1, batch_size=16, lr=0.01, output=str(tmp_path / "w")), data=data(3)))
    refused(
        CheckpointError,
        r"has dense1.weight \(256, 128\), but convnet needs \(2304, 128\) for images of 16x16.* were made for 8x8",
        tmp_path / "run",
        tmp_path / "w",
        data=data(3, size=16),
    )


class Hostile:
    """What a pickle may ask for: a command."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self):
        return os.system, (self.command,)


def test_a_hostile_weight_file_is_refused_and_nothing_is_run(tmp_path):
    (tmp_path / "w.pth").write_bytes(pickle.dumps({"conv1.weight": Hostile(f"touch {tmp_path / 'marker'}")}, 2))
    refused(CheckpointError, "w.pth", tmp_path / "run", tmp_path / "w.pth")
    assert not (tmp_path / "marker").exists()


@pytest.mark.parametrize("damage", ["cut", "flipped", "text", "missing", "folder"])
def test_weights_that_cannot_be_read_are_refused_by_the_reader(weights, tmp_path, damage):
    path = tmp_path / "w.safetensors"
    content = bytearray((weights / "weights" / "best.safetensors").read_bytes())
    content[-1] ^= damage == "flipped"
    if damage == "folder":
        path.mkdir()
    elif damage != "missing":
        path.write_bytes(b"text" if damage == "text" else content[:-9] if damage == "cut" else content)
    refused(CheckpointError, "w.safetensors", tmp_path / "run", path)


def test_in_one_call_from_python(weights, tmp_path):
    result = cnnkit.fit(data(), weights=str(weights), freeze="trunk", epochs=1, output=str(tmp_path / "run"))
    assert result.model == "digitnet"


@pytest.fixture(scope="module")
def norm_weights(tmp_path_factory):
    """A run of a network with batch norm."""
    folder = tmp_path_factory.mktemp("norm") / "run"
    list(fit(FitOptions(model="resnet20", epochs=1, batch_size=16, lr=0.05, output=str(folder)), data=data(3)))
    return folder


@pytest.mark.parametrize("freeze", ["trunk", "none"])
def test_the_running_statistics_of_a_frozen_trunk_stay(norm_weights, tmp_path, freeze):
    tune(tmp_path / "run", norm_weights, epochs=1, freeze=freeze)
    before, after = (load(run).module.state_dict() for run in (norm_weights, tmp_path / "run"))
    trunk = [name for name in before if not name.startswith("fc.")]
    moved = [name for name in trunk if before[name].tobytes() != after[name].tobytes()]
    assert any("running_mean" in name for name in trunk)
    assert moved == ([] if freeze == "trunk" else trunk)


def test_a_network_with_batch_norm_resumes_with_the_same_bits(norm_weights, tmp_path):
    tune(tmp_path / "whole", norm_weights, freeze="trunk")
    events = fit(options(tmp_path / "stopped", norm_weights, freeze="trunk"), data=data())
    for _ in zip(range(20), events, strict=False):
        pass
    events.close()
    list(resume(tmp_path / "stopped", data=data()))
    ours, theirs = (tmp_path / run / "weights" / "last.safetensors" for run in ("stopped", "whole"))
    assert ours.read_bytes() == theirs.read_bytes()


def test_what_is_frozen_follows_from_the_data(weights, tmp_path):
    chosen = {}
    for name, classes, changes in (("few", 4, {}), ("same", 3, {}), ("told", 4, {"freeze": "none"})):
        events = fit(options(tmp_path / name, weights, **({"freeze": None} | changes)), data=data(classes))
        next(events)
        events.close()
        chosen[name] = FitOptions.read(Run(tmp_path / name).config).freeze
    # Classes of the same names: the training goes on where it was.
    assert chosen == {"few": "trunk", "same": "none", "told": "none"}


def test_a_head_with_a_relu_begins_where_nothing_is_stopped():
    given = models.create("squeezenet1_1", classes=3, in_channels=3, image_size=(32, 32))
    ours = models.create("squeezenet1_1", classes=4, in_channels=3, image_size=(32, 32))
    start = Predictor(given, Preprocessing(32, 32, 3, (0.5,) * 3, (0.5,) * 3), ["a", "b", "c"], "squeezenet1_1")
    _, new = adopt(ours, head(ours, (1, 32, 32, 3)), start, data(4, size=32, channels=3))
    assert new
    scores = ours.eval()(np.random.default_rng(0).random((2, 32, 32, 3), np.float32)).numpy()
    np.testing.assert_array_equal(scores, np.full((2, 4), 10, np.float32))


@pytest.mark.parametrize("way", ["margin", "stretch", "crop"])
def test_pictures_are_cut_as_the_weights_own(tmp_path, photos, way):
    """In training, in what the weights say, and when the run goes on without the weight file."""
    source = tmp_path / "w.safetensors"
    network = models.create("digitnet", classes=3, in_channels=3, image_size=(8, 8))
    record = {
        "kind": "weights",
        "model": "digitnet",
        "classes": ["a", "b", "c"],
        "preprocessing": Preprocessing(8, 8, 3, (0.5,) * 3, (0.5,) * 3, way).to_record(),
    }
    safe.save(source, network.state_dict(), record)
    events = fit(options(tmp_path / "run", source, data=str(photos), epochs=1))
    for _ in range(4):
        next(events)
    events.close()
    source.unlink()
    list(resume(tmp_path / "run"))
    assert load(tmp_path / "run").preprocessing.fit == way


def test_auxiliary_heads_that_a_file_lacks_stay_as_they_were_initialised():
    """A file for use has none, and the network that is made for it has no memory for them."""
    given = Network("googlenet", 3, 3, (32, 32)).build()
    given.load_state_dict({name: np.full(array.shape, 2, array.dtype) for name, array in given.needed_in_use().items()})
    ours = models.create("googlenet", classes=4, in_channels=3, image_size=(32, 32))
    fresh = {name: array.copy() for name, array in ours.state_dict().items()}
    start = Predictor(given, Preprocessing(32, 32, 3, (0.5,) * 3, (0.5,) * 3), ["a", "b", "c"], "googlenet", source="w")
    adopt(ours, head(ours, (1, 32, 32, 3)), start, data(4, size=32, channels=3))
    for name, array in ours.state_dict().items():
        level = np.zeros_like(array) if name.startswith("fc") else np.full_like(array, 2)
        expected = fresh[name] if name.startswith(("aux", "dropout")) else level
        np.testing.assert_array_equal(array, expected, err_msg=name)


@pytest.mark.slow
def test_published_weights_learn_to_tell_ants_from_bees(shared, tmp_path):
    """ResNet-32 of CIFAR-10 has seen neither; features of 32x32 pictures do better than the larger class, 54 %."""
    published = next((shared / "data" / "weights" / "resnet32-cifar10").glob("*.th"))
    result = cnnkit.fit(
        shared / "data" / "ants-bees", weights=str(published), freeze="trunk", epochs=20, output=str(tmp_path / "run")
    )
    assert result.model == "resnet32" and result.top1 > 0.6
    assert load(tmp_path / "run").preprocessing.shape == (32, 32, 3)


def test_a_head_of_another_kind_keeps_its_first_weights_for_zeros_might_stop_it():
    class Factors(nn.Module):
        """Two factors: where both are zero, no gradient moves either."""

        def __init__(self) -> None:
            self.left, self.right = nn.Parameter(np.ones((4, 2))), nn.Parameter(np.ones((2, 3)))

        def forward(self, x):
            return x @ self.left @ self.right

    factors, dense = Factors(), nn.Linear(4, 3)
    for layer in (factors, dense):
        begin_level(layer)
    assert factors.left.data.all() and factors.right.data.all() and not dense.weight.data.any()


@pytest.mark.slow
def test_padding_of_the_weights_is_that_of_the_run_and_of_its_resume(tmp_path):
    colour = data(3, 32, 3)
    first = tmp_path / "first"
    plain = {"model": "resnet20", "batch_size": 16, "seed": 3, "augment": "none"}
    list(fit(FitOptions(steps=2, padding="same", output=str(first), **plain), data=colour))
    assert load(first).record["padding"] == "same" and load(first).module.layer2[0].conv1.conv.padding == "same"

    def tuned(steps, output):
        chosen = FitOptions(weights=str(first), steps=steps, output=str(output), freeze="none", **plain)
        list(fit(chosen, data=colour))
        return load(output)

    whole = tuned(4, tmp_path / "whole")
    assert whole.record["padding"] == "same"
    tuned(2, tmp_path / "part")
    list(resume(tmp_path / "part", {"steps": 4}, data=colour))
    assert load(tmp_path / "part").module.layer2[0].conv1.conv.padding == "same"
    explicit = FitOptions(weights=str(first), steps=2, output=str(tmp_path / "x"), padding="default", **plain)
    list(fit(explicit, data=colour))
    assert load(tmp_path / "x").record["padding"] == "default"


def test_padding_is_not_for_a_network_of_ones_own():
    net = nn.Sequential(nn.Flatten(), nn.Linear(64, 4))
    with pytest.raises(UsageError, match="a network of one's own pads as its layers say"):
        list(fit(FitOptions(padding="same"), module=net, data=data()))
