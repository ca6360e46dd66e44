"""Files for --config in other encodings, and hostile ones: each ends with a sentence and 2, none with a traceback."""

import os

import pytest


@pytest.fixture
def config(cnnkit, tmp_path, monkeypatch):
    """Resolve the options of `train` with these bytes as its configuration."""
    monkeypatch.chdir(tmp_path)

    def run(content):
        (tmp_path / "c.toml").write_bytes(content if isinstance(content, bytes) else content.encode())
        return cnnkit("train", "--print-config", "--config", "c.toml")

    return run


def test_a_byte_order_mark_is_passed_over(config):
    ended = config(b'\xef\xbb\xbfmodel = "lenet5"\r\nepochs = 1\r\n')
    assert ended.code == 0 and 'model = "lenet5"' in ended.out and "epochs = 1\n" in ended.out


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_utf_16_is_named(config, encoding):
    ended = config('model = "lenet5"\r\n'.encode(encoding))
    assert ended.code == 2 and "c.toml" in ended.err and "UTF-16" in ended.err and "UTF-8" in ended.err


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("a = " + "[" * 2000, "nests brackets too deeply"),
        ("epochs = " + "[" * 5000 + "]" * 5000, "nests brackets too deeply"),
        ("a = " + "{b = " * 2000, "nests brackets too deeply"),
        ("epochs = [1, 2]", "sets 'epochs' to a list"),
        ("epochs = []", "sets 'epochs' to a list"),
        ('data = ["a", "b"]', "sets 'data' to a list"),
        ("quiet = [true]", "sets 'quiet' to a list"),
        ("epochs = true", "'epochs' to true or false"),
        ("data = false", "'data' to true or false"),
        ("model = true", "'model' to true or false"),
        ("image_size = [[1, 2], 3]", "lists within a list"),
        ("image_size = [true, 3]", "'image_size' to true or false"),
        ('image_size = ["a", 3]', "is not a size"),
        ("epochs = {a = 1}", "'epochs' to a table"),
        ("[epochs]\na = 1", "'epochs' to a table"),
        ('data = "a\\u0000b"', "a zero character"),
        ('output = "a\\u0000b"', "a zero character"),
        ('"a\\u0000b" = 1', "does not have"),
        ("epochs = " + "9" * 5000, "is not TOML"),
        ("epochs = 0x" + "f" * 9000, "too many digits"),
        ("epochs = 2024-01-01", "is not a whole number"),
        ("epochs = inf", "is not a whole number"),
        (b'data = "\xff"', "is not TOML"),
        ("epochs = 1\nepochs = 2", "is not TOML"),
        ("\0", "is not UTF-8"),
        ("a." * 5000 + "b = 1", "over 200 dots"),
        ("[" + "a." * 100_000 + "b]", "over 200 dots"),
        ("# " + "." * 5000, ""),
    ],
)
def test_hostile_files_end_with_a_sentence(config, content, said):
    ended = config(content)
    assert ended.code == 2 or (not said and ended.code == 0)
    assert said in ended.err and "Traceback" not in ended.err and len(ended.err) < 1000


def test_sections_of_other_commands_are_left_alone(config):
    assert config("epochs = 3\n[evaluate]\nsplit = 'val'\n[data]\nx = 1\n[check]\nallow = 'outside'\n").code == 0


def test_a_section_of_no_command_is_refused(config):
    ended = config("epochs = 3\n[trian]\nlr = 1\n")
    assert ended.code == 2 and "section [trian]" in ended.err and "Did you mean [train]?" in ended.err
    assert "There are: train" in config("[zzz]\nlr = 1\n").err


def test_a_pipe_is_not_waited_for(cnnkit, tmp_path):
    os.mkfifo(tmp_path / "pipe.toml")
    assert cnnkit("train", "--print-config", "--config", tmp_path / "pipe.toml").code == 2
