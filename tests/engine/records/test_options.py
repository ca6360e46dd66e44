"""The options of a run: checked, written, read back."""

import pytest

from cnnkit.engine.records.options import CHANGES, FitOptions
from cnnkit.engine.training.defaults import BY_DATA, chosen, resolve
from cnnkit.errors import UsageError


def test_toml_comes_back_as_it_was():
    options = FitOptions(
        data='a "folder"\\ü\n', epochs=3, lr=1e-05, image_size=(20, 30), grey=True, output="x", ema=0.5
    )
    assert FitOptions.from_toml(options.to_toml()) == options
    assert FitOptions.from_toml(FitOptions().to_toml()) == FitOptions()


def test_values_of_a_file_may_be_written_with_dashes():
    assert FitOptions.from_toml("batch-size = 5\nlr = 1\nimage_size = 32") == FitOptions(
        batch_size=5, lr=1.0, image_size=(32, 32)
    )


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"epochs": 0}, "epochs is 0, expected a number from 1 to"),
        ({"epochs": "x"}, "epochs in options is 'x', expected a whole number"),
        ({"time": "1s"}, "time in options is '1s', expected a number of seconds"),
        ({"epochs": True}, "epochs in options is True, expected a whole number"),
        ({"batch_size": 0}, "batch_size is 0"),
        ({"epochs": 2, "steps": 9}, "--epochs and --steps are both given, but they exclude each other"),
        ({"ema": 0.9, "lookahead": 5}, "--ema and --lookahead both average the weights"),
        ({"epochs": 2, "time": 9}, "--epochs and --time are both given"),
        ({"lr": -1}, "lr is -1.0"),
        ({"lr": 0}, "lr is 0, expected a number above 0, such as 0.05"),
        ({"lr": float("nan")}, "lr is nan"),
        ({"head_lr": 0}, "head_lr is 0, expected a number above 0"),
        ({"freeze": "trunc"}, "There is no freeze 'trunc'. Did you mean 'trunk'"),
        ({"weights": 3}, "weights in options is 3, expected a text"),
        ({"val_fraction": 0}, "val_fraction is 0"),
        ({"image_size": [3]}, "image_size in options is .*expected two whole numbers"),
        ({"image_size": [0, 3]}, r"image_size is \(0, 3\)"),
        ({"epoks": 3}, "Did you mean 'epochs'"),
        ({"optimiser": "sdg"}, "There is no optimiser 'sdg'. Did you mean 'sgd'"),
        ({"schedule": "onecycle"}, "Did you mean 'one-cycle'"),
        ({"nesterov": 1}, "nesterov in options is 1, expected true or false"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_name(values, message):
    with pytest.raises(UsageError, match=message):
        FitOptions.from_values(values).validate()


def test_broken_toml_and_missing_files_are_named(tmp_path):
    with pytest.raises(UsageError, match="not valid TOML"):
        FitOptions.from_toml("epochs = ")
    with pytest.raises(UsageError, match="cannot be read"):
        FitOptions.read(tmp_path / "missing.toml")


def test_the_command_says_what_differs_from_the_defaults_and_not_where_it_ran():
    options = FitOptions(data="my photos", epochs=2, nesterov=False, image_size=(8, 9), threads=2, output="here")
    assert options.command() == "cnnkit train --data 'my photos' --epochs 2 --no-nesterov --image-size 8x9"


@pytest.mark.parametrize("name", [*BY_DATA, "photos"])
def test_resolving_leaves_nothing_open_and_keeps_what_was_given(name):
    resolved = resolve(FitOptions(data=name, epochs=77), name)
    open_names = {field for field, value in vars(resolved).items() if value is None}
    assert open_names == {
        *("weights", "head_lr", "image_size", "grey", "threads", "output", "warmup", "schedule_epochs"),
        *(
            "steps",
            "time",
            "overfit",
            "schedule_until",
            "freeze",
            "views",
            "padding",
            "task",
            "loss",
            "fit",
            "ignore",
            "cfg",
        ),
        *CHANGES,
    }
    assert resolved.epochs == 77
    assert resolve(resolved, name) == resolved


def test_a_trunk_with_good_weights_moves_in_smaller_steps_than_its_head():
    fresh = resolve(FitOptions(), "mnist")
    tuned = resolve(FitOptions(weights="w"), "mnist")
    assert (tuned.lr, tuned.head_lr) == (fresh.lr / 10, fresh.lr)
    chosen = resolve(FitOptions(weights="w", lr=0.3), "mnist")
    assert (chosen.lr, chosen.head_lr) == (0.3, None)
    frozen = resolve(FitOptions(weights="w", freeze="trunk"), "mnist")
    assert (frozen.lr, frozen.head_lr, frozen.optimiser, frozen.keep) == (1e-4, None, "adamw", "last")


def test_one_end_is_enough():
    assert resolve(FitOptions(steps=9), "mnist").epochs is None
    assert resolve(FitOptions(time=9.0), "mnist").epochs is None


@pytest.mark.parametrize(
    ("photos", "epochs", "level"),
    [
        *[(1, 40, "strong"), (1999, 40, "strong"), (2000, 40, "standard"), (49_999, 40, "standard")],
        *[(50_000, 40, "light"), (None, 40, "light")],
        # What is shown but a few times is not learned by heart.
        *[(1999, 39, "standard"), (1999, 20, "standard"), (1999, 19, "light"), (1999, None, "light")],
    ],
)
def test_the_fewer_photos_and_the_more_epochs_the_more_is_changed(photos, epochs, level):
    assert resolve(FitOptions(epochs=epochs), "my photos", photos=photos).augment == level
    assert resolve(FitOptions(epochs=epochs, augment="none"), "my photos", photos=photos).augment == "none"
    for name, row in BY_DATA.items():
        assert resolve(FitOptions(epochs=epochs), name, photos=photos).augment == row.augment == "light"


def test_a_head_alone_sees_lightly_changed_images():
    assert resolve(FitOptions(freeze="trunk"), "my photos", photos=200).augment == "light"


@pytest.mark.parametrize(("images", "epochs"), [(0, 15), (20, 60), (221, 60), (1000, 34), (4999, 15), (50_000, 15)])
def test_few_images_are_shown_more_often(images, epochs):
    assert resolve(FitOptions(), "photos", images=images).epochs == epochs
    assert resolve(FitOptions(weights="w", freeze="trunk"), "photos", images=images).epochs == epochs
    assert resolve(FitOptions(weights="w", freeze="none"), "photos", images=images).epochs == 15
    assert resolve(FitOptions(), "mnist", images=images).epochs == 12


def test_what_was_chosen_is_told_where_the_data_have_no_row():
    def told(asked, name="photos"):
        return chosen(asked, resolve(asked, name, images=221, photos=221), name, 221, ["flip", "crop"])

    assert told(FitOptions()) == ["Chosen for 221 images: resnet9_x0_25, 60 epochs, strong augmentation (flip, crop)."]
    assert told(FitOptions(model="lenet5", augment="none", epochs=3)) == []
    assert told(FitOptions(steps=9, model="lenet5", augment="none")) == []
    assert told(FitOptions(), "mnist") == []
    assert told(FitOptions(weights="w", freeze="none")) == []
    asked = FitOptions(weights="w")
    frozen = resolve(asked.replace(freeze="trunk", views=8), "photos", images=221)
    few, kept = chosen(asked, frozen, "photos", 221)
    assert few.startswith("221 images are few: ") and "last epoch are kept; --keep best" in kept
    (note,) = chosen(asked.replace(freeze="trunk", keep="last"), frozen.replace(views=0), "photos", 221)
    assert "do not fit into memory" in note


@pytest.mark.parametrize("name", ["epochs", "batch_size", "seed"])
def test_a_whole_number_too_long_for_a_float_is_out_of_range(name):
    with pytest.raises(UsageError, match=f"{name} is 1000.*, expected a number from") as caught:
        FitOptions.from_toml(f"{name} = 1{'0' * 400}").validate()
    assert len(str(caught.value)) < 200


def test_an_unknown_option_is_told_in_words_and_only_options_that_help_shows_are_listed():
    with pytest.raises(UsageError, match=r"There is no option 'labl'\. Known: data, task, ") as caught:
        FitOptions.from_values({"labl": 1})
    assert "schedule_from" not in str(caught.value) and "schedule," in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a = " + "[" * 3000, "nests brackets too deeply"),
        ("epochs = " + "9" * 5000, "digits"),
        ("a" + ".a" * 300 + " = 1", "over 200 dots"),
    ],
)
def test_a_config_that_the_parser_cannot_take_is_refused_in_words(text, said):
    with pytest.raises(UsageError, match=f"config.toml is not valid TOML: .*{said}"):
        FitOptions.from_toml(text, "config.toml")


@pytest.mark.parametrize("name", ["output", "weights"])
def test_a_path_that_is_no_text_is_refused_as_config_toml_cannot_hold_it(name):
    with pytest.raises(UsageError, match=rf"b'runs/\\xff' is not valid text.*--{name}"):
        FitOptions(**{name: "runs/\udcff"}).validate()
    FitOptions(**{name: "runs/\u00e4 \n\u732b"}).validate()
