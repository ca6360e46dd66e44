"""Option, then environment, then file, then default; the same for numbers, names, switches and texts."""

import tomllib

import pytest

KINDS = {  # option: (on the command line, in the environment, in the file, what these three and the default come to)
    "epochs": ("7", "6", "5", (7, 6, 5, None)),
    "lr": ("0.3", "0.2", "0.1", (0.3, 0.2, 0.1, None)),
    "optimiser": ("adam", "adamw", '"sgd"', ("adam", "adamw", "sgd", None)),
    "seed": ("3", "2", "1", (3, 2, 1, 0)),
    "data": ("a", "b", '"c"', ("a", "b", "c", "digits")),
    "image_size": ("8", "9x10", "[11, 12]", ([8, 8], [9, 10], [11, 12], None)),
    "threads": ("4", "3", "2", (4, 3, 2, None)),
    "backend": ("cpu", "reference", '"auto"', ("cpu", "reference", "auto", "auto")),
    "precision": ("exact", "fast", '"exact"', ("exact", "fast", "exact", "fast")),
    "nesterov": (None, "0", "false", (False, False, False, True)),
    "grey": (None, "1", "true", (False, True, True, None)),
    "quiet": (None, "1", "true", (True, True, True, False)),
}
SWITCHES = {"nesterov": "--no-nesterov", "grey": "--no-grey", "quiet": "--quiet"}


@pytest.mark.parametrize("name", KINDS)
def test_option_goes_before_environment_before_file_before_default(name, cnnkit, monkeypatch, empty_folder):
    given, variable, written, (by_option, by_variable, by_file, by_default) = KINDS[name]
    (empty_folder / "c.toml").write_text(f"{name} = {written}\n")
    flag = "--" + name.replace("_", "-")
    option = [SWITCHES[name]] if given is None else [flag, given]

    def resolved(*arguments):
        return tomllib.loads(cnnkit("train", "--print-config", *arguments).out).get(name)

    assert resolved() == by_default
    assert resolved("--config", "c.toml") == by_file
    monkeypatch.setenv(f"CNNKIT_{name.upper()}", variable)
    assert resolved("--config", "c.toml") == by_variable
    assert resolved("--config", "c.toml", *option) == by_option


@pytest.mark.parametrize(
    "command", [["train"], ["evaluate"], ["predict", "x.png"], ["bench"], ["models"], ["doctor"], ["data", "list"]]
)
def test_print_config_is_taken_back(command, cnnkit, empty_folder):
    first = cnnkit(*command, "--print-config", "--threads", "2", "--quiet")
    assert first.code == 0
    (empty_folder / "c.toml").write_text(first.out)
    again = cnnkit(*command, "--print-config", "--config", "c.toml")
    assert again.out == first.out
    assert "quiet = true" in again.out


def test_print_config_keeps_text_of_any_script(cnnkit, empty_folder):
    first = cnnkit("train", "--print-config", "--data", 'ä "b" \\ 🐈')
    (empty_folder / "c.toml").write_text(first.out, encoding="utf-8")
    assert cnnkit("train", "--print-config", "--config", "c.toml").out == first.out


def test_the_file_may_be_named_in_the_environment(cnnkit, monkeypatch, empty_folder):
    (empty_folder / "c.toml").write_text("epochs = 5\n")
    monkeypatch.setenv("CNNKIT_CONFIG", "c.toml")
    assert "epochs = 5" in cnnkit("train", "--print-config").out


def test_a_table_is_for_its_command_alone(cnnkit, empty_folder):
    (empty_folder / "c.toml").write_text("threads = 2\n[train]\nepochs = 5\n[predict]\ntop = 3\n")
    assert "epochs = 5" in cnnkit("train", "--print-config", "--config", "c.toml").out
    assert "top = 3" in cnnkit("predict", "x", "--print-config", "--config", "c.toml").out
    assert "threads = 2" in cnnkit("doctor", "--print-config", "--config", "c.toml").out


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("epoch = 3", ["'epoch'", "Did you mean 'epochs'?"]),
        ("epochs = 0", ["--epochs", "'0'", "c.toml", "--epochs 5"]),
        ("epochs = 1.5", ["--epochs", "'1.5'", "whole number"]),
        ("epochs = [1]", ["'epochs'", "c.toml", "to a list"]),
        ("epochs: 3", ["c.toml", "is not TOML", "epochs = 5"]),
        ("zzz = 3", ["'zzz'", "It has:"]),
    ],
)
def test_a_wrong_file_is_told_with_its_name(text, parts, cnnkit, empty_folder):
    (empty_folder / "c.toml").write_text(text + "\n")
    ended = cnnkit("train", "--config", "c.toml")
    assert (ended.code, ended.out) == (2, "")
    for part in parts:
        assert part in ended.err


def test_a_missing_file_is_told(cnnkit):
    ended = cnnkit("train", "--config", "none.toml")
    assert ended.code == 2
    assert "none.toml cannot be read" in ended.err


def test_a_wrong_variable_is_told_with_its_name(cnnkit, monkeypatch):
    monkeypatch.setenv("CNNKIT_EPOCHS", "many")
    ended = cnnkit("train")
    assert ended.code == 2
    assert "CNNKIT_EPOCHS" in ended.err


@pytest.mark.parametrize(
    ("alias", "line"),
    [
        (["--batch", "7"], "batch_size = 7"),
        (["-b", "7"], "batch_size = 7"),
        (["--imgsz", "32"], "image_size = [32, 32]"),
        (["--opt", "adam"], 'optimiser = "adam"'),
        (["--optimizer", "adam"], 'optimiser = "adam"'),
        (["-e", "3"], "epochs = 3"),
        (["--lr0", "0.1"], "lr = 0.1"),
        (["--sched", "cosine"], 'schedule = "cosine"'),
        (["-m", "lenet5"], 'model = "lenet5"'),
        (["-d", "x"], 'data = "x"'),
        (["-o", "x"], 'output = "x"'),
        (["--gray"], "grey = true"),
        (["-t", "2"], "threads = 2"),
        (["--device", "cpu"], 'backend = "cpu"'),
    ],
)
def test_spellings_of_other_tools_are_understood_and_not_shown(alias, line, cnnkit):
    assert line in cnnkit("train", "--print-config", *alias).out.splitlines()
    shown = cnnkit("train", "-h").out
    assert alias[0] in ("-b", "-e", "-m", "-d", "-o", "-t") or f"{alias[0]} " not in shown
