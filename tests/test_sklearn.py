"""`cnnkit.sklearn.Classifier` is an estimator as scikit-learn expects one, for images."""

import copy
import os
import pickle
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("sklearn")

from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import cnnkit
from cnnkit import nn
from cnnkit.errors import UsageError
from cnnkit.sklearn import Classifier

# Rows of the checks' data have 2 to 20 numbers, and few are squares.
pytestmark = pytest.mark.filterwarnings("ignore:X has .* which is no square image")
QUICK = {"epochs": 1, "batch_size": 32, "lr": 0.05, "random_state": 0}


@pytest.fixture(scope="module")
def digits():
    """500 digits of scikit-learn's own: rows of 8x8 numbers from 0 to 16."""
    X, y = load_digits(return_X_y=True)
    return X[:500], y[:500]


@pytest.fixture(scope="module")
def fitted(digits):
    return Classifier(**QUICK | {"epochs": 8}).fit(*digits)


@pytest.fixture(scope="module")
def hundred(digits):
    """100 digits, and the scores of an estimator that learned their rows."""
    X, y = digits[0][:100], digits[1][:100]
    return X, y, Classifier(**QUICK).fit(X, y).predict_proba(X)


@pytest.mark.slow
@parametrize_with_checks([Classifier(epochs=12, lr=0.05)])
def test_scikit_learns_own_checks(estimator, check):
    check(estimator)


def test_digits_in_rows_are_learned(digits, fitted):
    X, y = digits
    assert fitted.image_shape_ == (8, 8, 1) and fitted.n_features_in_ == 64
    assert fitted.classes_.tolist() == list(range(10)) and fitted.score(X, y) > 0.9
    scores = fitted.predict_proba(X)
    assert scores.shape == (500, 10) and np.allclose(scores.sum(axis=1), 1)
    np.testing.assert_array_equal(fitted.predict(X), fitted.classes_[scores.argmax(axis=1)])
    assert len(fitted.history_) == 8 and fitted.run_ is None
    pixels = np.rint(X[:3].reshape(-1, 8, 8) * 255 / 16).astype(np.uint8)  # as the estimator scales them
    assert fitted.predictor_.features(pixels).shape[0] == 3


@pytest.mark.parametrize(
    "form",
    [
        lambda X: X.reshape(-1, 8, 8),
        lambda X: X.reshape(-1, 8, 8, 1),
        lambda X: X.reshape(-1, 1, 8, 8),
        lambda X: X.reshape(-1, 8, 8).tolist(),
        lambda X: list(X.reshape(-1, 8, 8)),
        lambda X: X.reshape(-1, 8, 8).astype(np.uint8),
        lambda X: X.astype(np.float32) * 4 - 32,
    ],
)
def test_every_form_of_the_same_images_is_learned_alike(hundred, form):
    X, y, scores = hundred
    images = Classifier(**QUICK).fit(form(X), y)
    np.testing.assert_array_equal(images.predict_proba(form(X)), scores)
    assert images.image_shape_ == (8, 8, 1) and images.n_features_in_ == 64


def test_colours_come_last_or_first(rng):
    X, y = rng.integers(0, 256, (20, 9, 7, 3), np.uint8), np.arange(20) % 2
    last = Classifier(**QUICK).fit(X, y)
    assert last.image_shape_ == (9, 7, 3)
    first = Classifier(**QUICK).fit(X.transpose(0, 3, 1, 2), y)
    rows = Classifier(**QUICK, image_shape=(9, 7, 3)).fit(X.reshape(20, -1), y)
    expected = last.predict_proba(X)
    for other, form in ((first, X.transpose(0, 3, 1, 2)), (rows, X.reshape(20, -1)), (rows, X), (last, X[..., :])):
        np.testing.assert_array_equal(other.predict_proba(form), expected)


@pytest.mark.parametrize("height", [1, 3])
def test_grey_images_as_low_as_an_axis_of_channels_are_images(height, rng):
    X, y = rng.random((20, height, 12)), np.arange(20) % 2
    fitted = Classifier(**QUICK).fit(X, y)
    assert fitted.image_shape_ == (height, 12, 1) and fitted.predict(X).shape == (20,)


def test_rows_that_are_no_square_are_told():
    X, y = np.random.default_rng(0).random((20, 63)), np.arange(20) % 2
    with pytest.warns(UserWarning, match=r"X has 63 columns.*1x63 pixels. Say image_shape"):
        assert Classifier(**QUICK).fit(X, y).image_shape_ == (1, 63, 1)
    assert Classifier(**QUICK, image_shape=(9, 7)).fit(X, y).image_shape_ == (9, 7, 1)


@pytest.mark.parametrize(
    ("X", "options", "said"),
    [
        (np.zeros((6, 64)), {"image_shape": (7, 9)}, r"image_shape is \(7, 9\).*64 numbers"),
        (np.zeros((6, 64)), {"image_shape": (8, 4, 2)}, "image_shape"),
        (np.zeros((6, 64)), {"image_shape": (64,)}, "image_shape"),
        (np.zeros((6, 8, 8, 4)), {}, r"X is \(6, 8, 8, 4\)"),
        (np.zeros((6, 3, 8, 3)), {}, "cannot be told"),
        (np.zeros((6, 8, 8, 1, 1)), {}, "dim"),
        (np.full((6, 8, 8), np.nan), {}, "NaN"),
        (np.zeros((5, 8, 8)), {}, "inconsistent numbers of samples"),
        (np.zeros((6, 8, 8)), {"options": {"epochs": 1}}, "options holds 'epochs'"),
        (np.zeros((6, 8, 8)), {"options": {"seed": 1}}, "options holds 'seed'"),
    ],
)
def test_what_cannot_be_learned_is_a_value_error_that_says_why(X, options, said):
    with pytest.raises(ValueError, match=said):
        Classifier(**QUICK | options).fit(X, [0, 1] * 3)


def test_labels_that_are_no_classes_are_refused(digits):
    X, y = digits
    with pytest.raises(ValueError, match="one class only: 3"):
        Classifier(**QUICK).fit(X[:10], [3] * 10)
    with pytest.raises(ValueError, match="continuous"):
        Classifier(**QUICK).fit(X[:10], np.linspace(0, 1, 10))
    with pytest.raises(NotFittedError):
        Classifier().predict(X)
    with pytest.raises(UsageError, match="no model 'nonet'"):
        Classifier("nonet", **QUICK).fit(X, y)
    with pytest.raises(UsageError, match="Did you mean"):
        Classifier(**QUICK, options={"label_smooting": 0.1}).fit(X, y)


def test_images_of_another_shape_are_refused_in_use(fitted, digits):
    with pytest.raises(ValueError, match=r"images of \(4, 16, 1\).*fitted to images of \(8, 8, 1\)"):
        fitted.predict(digits[0][:3].reshape(-1, 4, 16))
    with pytest.raises(ValueError, match="63 features"):
        fitted.predict(digits[0][:3, :63])


def test_a_pickle_and_a_copy_answer_alike(fitted, digits):
    X = digits[0][:50]
    expected = fitted.predict_proba(X)
    for twin in (pickle.loads(pickle.dumps(fitted)), copy.deepcopy(fitted)):
        np.testing.assert_array_equal(twin.predict_proba(X), expected)
        assert twin.history_ == fitted.history_ and repr(twin.predictor_) == repr(fitted.predictor_)
    assert not hasattr(clone(fitted), "classes_")


def test_a_module_of_ones_own_is_trained_in_a_copy_and_pickled(digits):
    module = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    before = module.state_dict()["1.weight"].copy()
    fitted = Classifier(module, **QUICK).fit(*digits)
    np.testing.assert_array_equal(module.state_dict()["1.weight"], before)
    assert fitted.model is module and fitted.score(*digits) > 0.2
    twin = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(twin.predict_proba(digits[0]), fitted.predict_proba(digits[0]))


def test_random_state_decides(hundred):
    X, y, one = hundred
    same = Classifier(**QUICK).fit(X, y).predict_proba(X)
    other = Classifier(**QUICK | {"random_state": 1}).fit(X, y).predict_proba(X)
    drawn = Classifier(**QUICK | {"random_state": np.random.RandomState(0)}).fit(X, y)
    np.testing.assert_array_equal(one, same)
    assert np.any(one != other) and drawn.predict_proba(X).shape == (100, 10)


def test_images_may_be_set_aside_to_choose_the_epoch(digits):
    X, y = digits[0][:100], digits[1][:100]
    assert Classifier(**QUICK, val_fraction=0.3).fit(X, y).predict(X).shape == (100,)
    with pytest.raises(ValueError, match=r"val_fraction is 0\.5, which leaves"):
        Classifier(**QUICK, val_fraction=0.5).fit(X[:2], [0, 1])


def test_a_run_is_kept_only_where_it_is_asked_for(digits, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    X, y = digits[0][:60], digits[1][:60]
    Classifier(**QUICK).fit(X, y).predict(X)
    assert list(tmp_path.iterdir()) == [] and capsys.readouterr() == ("", "")
    estimator = Classifier(**QUICK, output=tmp_path / "kept")
    runs = {estimator.fit(X, y).run_ for _ in range(2)}
    assert len(runs) == 2 and all((Path(run) / "result.json").exists() for run in runs)


def test_no_scratch_is_left_and_the_disk_is_used_where_memory_is_small(hundred, tmp_path, monkeypatch):
    X, y, expected = hundred
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(cnnkit.sklearn, "IN_MEMORY_FILES", str(tmp_path / "nowhere"))
    np.testing.assert_array_equal(Classifier(**QUICK).fit(X, y).predict_proba(X), expected)
    assert list(tmp_path.iterdir()) == []


def test_it_works_in_cross_validation(digits):
    X, y = digits[0][:200], digits[1][:200]
    assert cross_val_score(Classifier(**QUICK | {"epochs": 6}), X, y, cv=2).min() > 0.4


@pytest.mark.slow
def test_it_works_in_a_search_and_a_pipeline(digits):
    X, y = digits[0][:200], digits[1][:200]
    assert cross_val_predict(Classifier(**QUICK), X.reshape(-1, 8, 8), y, cv=2).shape == (200,)
    search = GridSearchCV(Classifier(**QUICK), {"lr": [1e-6, 0.05]}, cv=2).fit(X, y)
    assert search.best_params_ == {"lr": 0.05}
    pipeline = make_pipeline(StandardScaler(), Classifier(**QUICK | {"epochs": 6}))
    assert pipeline.fit(X, y).score(X, y) > 0.4


@pytest.mark.slow
def test_it_works_in_several_processes(digits):
    X, y = digits
    alone = cross_val_score(Classifier(**QUICK), X, y, cv=2)
    np.testing.assert_array_equal(cross_val_score(Classifier(**QUICK), X, y, cv=2, n_jobs=2), alone)


def test_without_scikit_learn_it_is_told_how_to_get_it():
    code = "import sys; sys.modules['sklearn'] = None; import cnnkit.sklearn"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=dict(os.environ))
    assert done.stderr.splitlines()[-1] == (
        'ImportError: cnnkit.sklearn needs scikit-learn. Install it: pip install "cnnkit[sklearn]"'
    )
