"""`cnnkit.fit` and `cnnkit.evaluate`: a training, or an evaluation, in one call."""

import json
import os
import signal
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

import cnnkit
from cnnkit import nn, ops
from cnnkit.data.sets.synthetic import synthetic
from cnnkit.engine.records.events import EpochEnd, Finished, RunStarted, StepEnd
from cnnkit.engine.use.shipped import SHIPPED
from cnnkit.errors import CheckpointError, DataError, ShapeError, UsageError


def test_a_module_of_ones_own_is_trained_in_place_and_gets_its_best_weights(tiny, tmp_path):
    module, before = tiny.Tiny(), tiny.Tiny().state_dict()
    result = cnnkit.fit(module, data=tiny.data(), epochs=2, batch_size=16, output=str(tmp_path / "run"))
    saved = cnnkit.load(result.run, module=tiny.Tiny()).module.state_dict()
    for name, array in module.state_dict().items():
        np.testing.assert_array_equal(array, saved[name])
    assert np.any(module.state_dict()["dense.weight"] != before["dense.weight"])


def test_opened_data_and_a_name_are_enough(tiny, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="too small for lenet5"):
        cnnkit.fit(tiny.data(), model="lenet5", epochs=1)


def test_a_run_goes_on(tiny, tmp_path):
    cnnkit.fit(tiny.Tiny(), data=tiny.data(), epochs=1, batch_size=16, output=str(tmp_path / "run"))
    result = cnnkit.fit(tiny.Tiny(), data=tiny.data(), resume_from=tmp_path / "run", epochs=2)
    assert result.epochs == 2


def test_wrong_options_are_named(tiny):
    with pytest.raises(UsageError, match="Did you mean 'epochs'"):
        cnnkit.fit("digits", epoch=1)
    with pytest.raises(UsageError, match="given twice"):
        cnnkit.fit("digits", data="digits")


@pytest.mark.parametrize(("number", "error"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, SystemExit)])
def test_a_signal_saves_and_is_raised_as_python_expects(tiny, tmp_path, number, error):
    def stop(event):
        if isinstance(event, StepEnd) and event.step == 3:
            os.kill(os.getpid(), number)

    with pytest.raises(error):
        cnnkit.fit(tiny.Tiny(), data=tiny.data(), epochs=2, batch_size=16, output=str(tmp_path / "run"), on_event=stop)
    assert [path.name for path in (tmp_path / "run/state").iterdir()] == ["step-00000003.safetensors"]


def arrays(seed: int = 0, n: int = 78):
    """Images and labels of the tiny data, as Python code would hold them."""
    part = synthetic(n, classes=3, size=8, seed=seed)
    return part.images, part.labels()


OPTIONS = {"epochs": 2, "batch_size": 16, "lr": 0.05}


def test_a_network_is_fitted_to_arrays(tiny, tmp_path):
    result = cnnkit.fit(tiny.Tiny(), arrays(), **OPTIONS, output=str(tmp_path / "run"))
    assert result.data == "arrays" and result.test_images == 15 and result.top1 > 0.6
    assert any("no test part" in note for note in result.notes)
    again = cnnkit.fit(tiny.Tiny(), data=[*arrays()], **OPTIONS, output=str(tmp_path / "again"))
    assert again.history[0].train_loss == result.history[0].train_loss


def test_a_network_by_name_is_fitted_to_arrays_of_floats_with_a_test(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (x, y), (x_test, y_test) = arrays(), arrays(1, 30)
    names = np.array(["ant", "bee", "cat"])
    data = ((x / 255).transpose(0, 3, 1, 2), names[y], (x_test / 255).transpose(0, 3, 1, 2), names[y_test])
    result = cnnkit.fit(data, model="convnet", **OPTIONS)
    assert result.test_images == 30 and result.run.startswith("runs/classification/convnet-arrays-")
    predictor = cnnkit.load(result.run)
    assert predictor.classes == ["ant", "bee", "cat"]
    scores = predictor.predict_proba(data[2])
    assert (names[scores.argmax(axis=1)] == data[3]).mean() == result.top1


def test_a_generator_of_pairs_is_data(tiny, tmp_path):
    pairs = ((image, int(label)) for image, label in zip(*arrays(), strict=True))
    assert cnnkit.fit(tiny.Tiny(), pairs, **OPTIONS, output=str(tmp_path / "run")).test_images == 15


def test_a_run_on_arrays_goes_on_with_them_and_says_so_where_they_are_missing(tiny, tmp_path):
    run, data = tmp_path / "run", arrays()
    cnnkit.fit(tiny.Tiny(), data, **OPTIONS | {"epochs": 1}, seed=4, output=str(run))
    result = cnnkit.fit(tiny.Tiny(), data, resume_from=run, epochs=2)
    assert result.epochs == 2 and cnnkit.load(result, module=tiny.Tiny()).source == str(run)
    assert cnnkit.fit(tiny.Tiny(), data, resume_from=result, epochs=3).epochs == 3
    with pytest.raises(DataError, match="arrays in memory, given in Python, and no file holds them"):
        cnnkit.fit(tiny.Tiny(), resume_from=run, epochs=4)
    with pytest.raises(DataError, match="data have changed"):
        cnnkit.fit(tiny.Tiny(), arrays(5), resume_from=run, epochs=4)


def test_options_are_read_from_the_keywords_for_arrays_too(tiny, tmp_path):
    with pytest.raises(UsageError, match="Did you mean 'epochs'"):
        cnnkit.fit(tiny.Tiny(), arrays(), epoch=1)
    with pytest.raises(UsageError, match=r"fit\(data, model='convnet'\)"):
        cnnkit.fit("convnet", arrays())
    result = cnnkit.fit(tiny.Tiny(), arrays(), **OPTIONS, val_fraction=0.5, output=str(tmp_path / "run"))
    assert events_of(result, RunStarted)[0].val_images > 25


def events_of(result, kind):
    """What a run told, read from its log."""
    lines = [json.loads(line) for line in (Path(result.run) / "events.jsonl").read_text().splitlines()]
    return [SimpleNamespace(**line) for line in lines if line["event"] == kind.__name__]


def test_history_has_the_record_of_each_epoch_that_on_epoch_saw(tiny, tmp_path):
    seen = []
    run = tmp_path / "run"
    result = cnnkit.fit(tiny.Tiny(), arrays(), **OPTIONS, output=str(run), on_epoch=seen.append)
    assert result.history == tuple(seen) and [row.epoch for row in result.history] == [1, 2]
    assert all(isinstance(row, EpochEnd) and row.lr > 0 and row.seconds > 0 for row in seen)
    assert result.history[1].val_top1 == result.val_top1 or result.history[0].val_top1 == result.val_top1
    assert "history" not in json.loads((run / "result.json").read_text()) and "history=" not in repr(result)
    assert events_of(result, Finished)[0].result == json.loads((run / "result.json").read_text())
    # A finished run that is asked to go on tells the same.
    assert cnnkit.fit(tiny.Tiny(), arrays(), resume_from=run).history == result.history


def half(logits, labels):
    return 0.5 * ops.cross_entropy(logits, labels)


def test_a_loss_of_ones_own_is_learned_from(tiny, tmp_path):
    calls = []

    def loss(logits, labels):
        calls.append((logits.shape, labels.dtype, len(labels)))
        return 0.5 * ops.cross_entropy(logits, labels)

    plain = cnnkit.fit(tiny.Tiny(), arrays(), **OPTIONS, augment="none", output=str(tmp_path / "plain"))
    own = cnnkit.fit(tiny.Tiny(), arrays(), **OPTIONS, augment="none", loss=loss, output=str(tmp_path / "own"))
    assert all(dtype == np.int64 and shape == (n, 3) for shape, dtype, n in calls)
    assert sum(n for _, _, n in calls) == 2 * 57, "every image of both epochs, and nothing made up"
    first, half_of_it = (events_of(result, StepEnd)[0].loss for result in (plain, own))
    assert half_of_it == pytest.approx(first / 2, rel=1e-6)
    # Judged by the cross-entropy, as any run.
    assert own.history[-1].val_loss > 0.5 * plain.history[-1].val_loss


def test_half_a_loss_at_twice_the_rate_is_the_whole_loss(tiny, tmp_path):
    options = OPTIONS | {"optimiser": "sgd", "weight_decay": 0.0, "augment": "none"}
    whole = cnnkit.fit(tiny.Tiny(), arrays(), **options, output=str(tmp_path / "whole"))
    halved = cnnkit.fit(tiny.Tiny(), arrays(), **options | {"lr": 0.1}, loss=half, output=str(tmp_path / "half"))
    # Halves and doubles are exact.
    assert [row.val_loss for row in halved.history] == [row.val_loss for row in whole.history]


def test_mixed_images_are_learned_by_a_loss_of_ones_own_too(tiny, tmp_path):
    options = OPTIONS | {"mixup": 0.4}
    plain = cnnkit.fit(tiny.Tiny(), arrays(), **options, output=str(tmp_path / "plain"))
    own = cnnkit.fit(tiny.Tiny(), arrays(), **options, loss=ops.cross_entropy, output=str(tmp_path / "own"))
    assert [row.train_loss for row in own.history] == [row.train_loss for row in plain.history]


def test_a_run_with_a_loss_of_ones_own_goes_on_with_it_alone(tiny, tmp_path):
    def stop(event):
        if isinstance(event, StepEnd) and event.step == 5:
            os.kill(os.getpid(), signal.SIGINT)

    run = tmp_path / "run"
    with pytest.raises(
        KeyboardInterrupt, match=r"Go on with: cnnkit\.fit\(network, data, resume_from='.*', loss=loss\)"
    ):
        cnnkit.fit(tiny.Tiny(), arrays(), **OPTIONS, loss=half, output=str(run), on_event=stop)
    with pytest.raises(CheckpointError, match=r"a loss of its own \(half\).*Pass it again, in Python"):
        cnnkit.fit(tiny.Tiny(), arrays(), resume_from=run)
    resumed = cnnkit.fit(tiny.Tiny(), arrays(), resume_from=run, loss=half)
    smooth = cnnkit.fit(tiny.Tiny(), arrays(), **OPTIONS, loss=half, output=str(tmp_path / "smooth"))
    assert resumed.test_loss == smooth.test_loss and resumed.top1 == smooth.top1
    cnnkit.fit(tiny.Tiny(), arrays(), **OPTIONS | {"epochs": 1}, output=str(tmp_path / "plain"))
    with pytest.raises(UsageError, match="trained with the cross-entropy"):
        cnnkit.fit(tiny.Tiny(), arrays(), resume_from=tmp_path / "plain", epochs=2, loss=half)


def test_a_run_without_a_state_yet_remembers_that_its_loss_was_given(tiny, tmp_path):
    def stop(event):
        os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        cnnkit.fit(tiny.Tiny(), arrays(), **OPTIONS, loss=half, output=str(tmp_path / "run"), on_event=stop)
    with pytest.raises(CheckpointError, match=r"a loss of its own \(half\)"):
        cnnkit.fit(tiny.Tiny(), arrays(), resume_from=tmp_path / "run")


@pytest.mark.parametrize(
    ("loss", "said"),
    [
        (lambda logits, labels: 1.0, "returned a float.*mean"),
        (lambda logits, labels: logits, r"returned a Tensor of shape \(16, 3\)"),
        (lambda logits, labels: logits.numpy().mean(), "returned a float32"),
        (lambda logits, labels: None, "returned a NoneType"),
        (lambda logits, labels: cnnkit.Tensor(logits.numpy().mean()), "does not depend on the logits"),
    ],
)
def test_a_loss_that_cannot_be_learned_from_is_told(tiny, tmp_path, loss, said):
    with pytest.raises(UsageError, match=said):
        cnnkit.fit(tiny.Tiny(), arrays(), **OPTIONS, loss=loss, output=str(tmp_path / "run"))
    assert not (tmp_path / "run").exists()


def test_a_stopped_run_is_let_go_while_its_traceback_is_kept(tiny, tmp_path):
    """As a notebook keeps the last one: Ctrl-C must work again, and the run be free to go on."""

    def stop(event):
        if isinstance(event, StepEnd):
            os.kill(os.getpid(), signal.SIGINT)

    def fail(event):
        raise RuntimeError("from a callback")

    before, data = signal.getsignal(signal.SIGINT), arrays()
    for number, (callback, error) in enumerate([(stop, KeyboardInterrupt), (fail, RuntimeError)]):
        run = tmp_path / str(number)
        with pytest.raises(error) as kept:
            cnnkit.fit(tiny.Tiny(), data, **OPTIONS, output=str(run), on_event=callback)
        assert kept.tb is not None and signal.getsignal(signal.SIGINT) is before
        assert cnnkit.fit(tiny.Tiny(), data, resume_from=run).epochs == 2


def test_what_cannot_be_trained_leaves_no_run_behind_and_takes_none_away(tiny, tmp_path):
    def stop(event):
        if isinstance(event, StepEnd):
            os.kill(os.getpid(), signal.SIGINT)

    class Broken(tiny.Tiny):
        def forward(self, x):
            raise UsageError("broken")

    tall = tiny.Tiny()
    tall.dense = nn.Linear(64, 4)
    with pytest.raises(ShapeError, match="3 classes"):
        cnnkit.fit(tall, arrays(), **OPTIONS, output=str(tmp_path / "new"))
    assert not (tmp_path / "new").exists()
    run = tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        cnnkit.fit(tiny.Tiny(), arrays(), **OPTIONS, output=str(run), on_event=stop)
    with pytest.raises(UsageError, match="broken"):
        cnnkit.fit(Broken(), arrays(), resume_from=run)
    assert cnnkit.fit(tiny.Tiny(), arrays(), resume_from=run).epochs == 2


def test_options_of_the_cross_entropy_do_not_go_with_another_loss(tiny, tmp_path):
    for option in ({"label_smoothing": 0.1}, {"class_weights": "balanced"}):
        with pytest.raises(UsageError, match="loss replaces it"):
            cnnkit.fit(tiny.Tiny(), arrays(), **OPTIONS | option, loss=half, output=str(tmp_path / "run"))


def test_what_a_run_learned_from_is_judged_again_on_its_test_part(tiny, tmp_path):
    module, data = tiny.Tiny(), arrays()
    result = cnnkit.fit(module, data, **OPTIONS, output=str(tmp_path / "run"))
    judged = cnnkit.evaluate(result, data, module=tiny.Tiny())
    assert (judged.top1, judged.n, judged.split) == (result.top1, 15, "test")
    assert "test part that the run recorded: 15 images" in judged.notes[0] and "notes" not in judged.to_json()
    assert cnnkit.evaluate(result.run, data, split="val", module=tiny.Tiny()).top1 == result.val_top1
    with pytest.raises(DataError, match="no file holds them"):
        cnnkit.evaluate(result, module=tiny.Tiny())


def test_other_arrays_are_judged_whole(tiny, tmp_path):
    result = cnnkit.fit(tiny.Tiny(), arrays(), **OPTIONS, output=str(tmp_path / "run"))
    predictor, (x, y) = cnnkit.load(result.run, module=tiny.Tiny()), arrays(7, 40)
    judged = cnnkit.evaluate(predictor, (x, y))
    assert (judged.n, judged.split, judged.data) == (40, "all", "arrays")
    assert judged.top1 == (predictor.predict_proba(x).argmax(axis=1) == y).mean()
    assert cnnkit.evaluate(predictor, ([x[0]], [y[0]])).n == 1
    assert cnnkit.evaluate(predictor, zip(x, y, strict=True)).top1 == judged.top1
    parts = cnnkit.evaluate(predictor, (*arrays(), x, y))
    assert (parts.n, parts.split, parts.top1) == (40, "test", judged.top1)
    assert cnnkit.evaluate(predictor, tiny.data()).n == 30
    both = np.concatenate([arrays()[0][:4], x]), np.concatenate([arrays()[1][:4], y])
    left = cnnkit.evaluate(predictor, both)
    assert 40 <= left.n < 44 and any("Left out" in note for note in left.notes), "what it was trained on is left out"
    with pytest.raises(DataError, match=r"reads images of \(8, 8, 1\)"):
        cnnkit.evaluate(predictor, (x[:, :5], y))
    with pytest.raises(UsageError, match="judges a run"):
        cnnkit.evaluate(tiny.Tiny(), (x, y))
    with pytest.raises(UsageError, match="There is no split 'all'"):
        cnnkit.evaluate(predictor, (x, y), split="all")


def test_the_embedded_digits_are_judged_by_the_shipped_network(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = cnnkit.evaluate()
    assert result.top1 > 0.98 and result.n == 2000 and result.data == "digits"
    assert repr(result).startswith("EvaluateResult(top1=0.99") and len(repr(result)) < 600


class Display:
    """IPython, as far as a notebook shows progress with it."""

    def __init__(self) -> None:
        self.drawn: list[str] = []

    def display(self, text, *, raw, display_id):
        self.drawn.append(text["text/plain"])
        return self

    def update(self, text, *, raw):
        self.drawn.append(text["text/plain"])


@pytest.fixture
def notebook(monkeypatch):
    screen, module = Display(), ModuleType("IPython")
    module.get_ipython = lambda: SimpleNamespace(kernel=object())
    within = ModuleType("IPython.display")
    within.display = screen.display
    monkeypatch.setitem(sys.modules, "IPython", module)
    monkeypatch.setitem(sys.modules, "IPython.display", within)
    return screen


def test_a_notebook_shows_progress_in_one_place(tiny, tmp_path, notebook, capsys):
    cnnkit.fit(tiny.Tiny(), arrays(), **OPTIONS, output=str(tmp_path / "run"))
    last = notebook.drawn[-1].splitlines()
    assert "no test part" in notebook.drawn[-1], "what was decided is told"
    assert [line for line in last if line.startswith("epoch ")][1].startswith("epoch 2/2: train loss ")
    assert last[-1].endswith("% of 15 test images are right.")
    assert any("[####" in drawn for drawn in notebook.drawn)
    assert capsys.readouterr() == ("", "")
    cnnkit.fit(tiny.Tiny(), arrays(), **OPTIONS, output=str(tmp_path / "quiet"), progress=False)
    assert notebook.drawn[-1].splitlines() == last
    cnnkit.evaluate(tmp_path / "run", arrays(3), module=tiny.Tiny())
    assert notebook.drawn[-1].endswith("% of 78 images are right.")


def test_elsewhere_progress_is_shown_where_it_is_asked_for(tiny, tmp_path, capsys):
    cnnkit.fit(tiny.Tiny(), arrays(), **OPTIONS, output=str(tmp_path / "quiet"))
    assert capsys.readouterr() == ("", "")
    cnnkit.fit(tiny.Tiny(), arrays(), **OPTIONS, output=str(tmp_path / "run"), progress=True)
    out, err = capsys.readouterr()
    assert out == "" and "\repoch 2/2: train loss " in err and err.endswith("\n")


def test_calls_as_other_libraries_have_them_are_told_what_is_meant(tiny):
    x, y = arrays()
    for call, said in (
        (lambda: cnnkit.fit(x, y), r"Images and labels are one pair: fit\(\(X, y\), \.\.\.\)"),
        (lambda: cnnkit.fit((x, y), model=tiny.Tiny()), r"one of your own comes first: cnnkit\.fit\(network, data\)"),
        (lambda: cnnkit.fit(tiny.Tiny(), (x, y), loss="mse"), r"loss is 'mse', expected a function .* loss\(logits, l"),
        (lambda: cnnkit.fit(tiny.Tiny(), (x, y), on_epoch=3), r"on_epoch is 3, expected a function"),
        (lambda: cnnkit.fit(x), r"The data are a ndarray; expected \(X, y\)"),
        (lambda: cnnkit.fit(tiny.Tiny(), x), r"The data are a ndarray; expected \(X, y\)"),
        (lambda: cnnkit.evaluate(tiny.Tiny(), (x, y)), "judges a run"),
        (lambda: cnnkit.load(tiny.Tiny()), r"this is a Tiny.*load\(run, module=module\)"),
        (lambda: cnnkit.load(3), "this is a int"),
    ):
        with pytest.raises(UsageError, match=said):
            call()


def test_data_may_be_named_alone_and_options_may_be_numbers_of_numpy(tmp_path):
    result = cnnkit.fit(
        data=arrays(),
        model=np.str_("convnet"),
        epochs=np.int64(1),
        lr=np.float32(0.05),
        batch_size=np.array(16),
        output=tmp_path / "run",
    )
    assert result.epochs == 1 and result.test_images == 15


def test_a_class_in_place_of_a_network_is_named():
    with pytest.raises(UsageError, match=r"Sequential is a class; expected a network of it: fit\(Sequential"):
        cnnkit.fit(cnnkit.nn.Sequential, arrays())


def test_what_is_no_picture_is_named_in_words():
    predictor = cnnkit.load(SHIPPED)
    with pytest.raises(UsageError, match=r"this is a NoneType"):
        predictor.predict(None)
    with pytest.raises(UsageError, match=r"this is a list\. For several pictures: predict_many"):
        predictor.predict(["a.png"])
