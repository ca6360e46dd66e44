"""Every ending has its exit code and its message, on stderr, without a traceback."""

import errno
import os
import subprocess
import sys

import click
import pytest

from cnnkit import errors
from cnnkit.cli import main
from cnnkit.cli.commands import doctor as doctor_file
from cnnkit.cli.endings import Terminated


@pytest.fixture
def doomed(monkeypatch, cnnkit):
    """Run a command whose inside raises `error`."""

    def call(error, *arguments):
        def fail(*_):
            raise error

        monkeypatch.setattr(doctor_file, "machine_facts", fail)
        return cnnkit("doctor", *arguments)

    return call


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.CnnkitError("told"), 1),
        (errors.ShapeError("told"), 1),
        (errors.DeviceError("told"), 1),
        (errors.UsageError("told"), 2),
        (errors.DataError("told"), 3),
        (errors.CheckpointError("told"), 3),
        (errors.CheckFailed("told"), 4),
        (errors.ResourceError("told"), 5),
        (errors.NumericError("told"), 6),
        (click.UsageError("told"), 2),
        (RuntimeError("told"), 1),
        (OSError(errno.EACCES, "told"), 1),
        (OSError(errno.ENOSPC, "told"), 5),
    ],
)
def test_each_error_has_its_exit_code_and_a_message_without_traceback(doomed, error, code):
    ended = doomed(error)
    assert (ended.code, ended.out) == (code, "")
    assert "told" in ended.err and ended.err.startswith("Error: ")
    assert "Traceback" not in ended.err


@pytest.mark.parametrize(("error", "code"), [(KeyboardInterrupt(), 130), (Terminated(), 143), (MemoryError(), 5)])
def test_signals_and_want_of_memory_end_as_shells_expect(doomed, error, code):
    ended = doomed(error)
    assert ended.code == code
    assert "Traceback" not in ended.err


def from_another(outer, inner):
    """`outer` as it looks where it was raised while `inner` was handled."""
    outer.__context__ = inner
    return outer


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOMEM, "Cannot allocate memory"),
        ImportError("libx.so: failed to map segment from shared object"),
        OSError("libx.so: cannot allocate memory"),
        RuntimeError("can't start new thread"),
        from_another(OSError("Could not find/load shared object file"), OSError("x.so: failed to map segment from it")),
        from_another(ImportError("numpy could not be imported"), MemoryError()),
    ],
    ids=repr,
)
def test_want_of_memory_is_known_in_every_guise(doomed, error):
    ended = doomed(error)
    assert ended.code == 5 and ended.err.startswith("Error: not enough memory.")


def test_other_errors_of_imports_and_threads_are_no_want_of_memory(doomed):
    assert doomed(ImportError("No module named 'x'")).code == 1
    assert doomed(errors.DataError("can't start new thread")).code == 3


@pytest.mark.parametrize("megabytes", [60, 90, 130, 200, 320, 430])
@pytest.mark.slow
def test_too_little_address_space_is_told_in_plain_words(shell, megabytes):
    code = f"""
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, ({megabytes} << 20, {megabytes} << 20))
from cnnkit.cli.main import run
sys.exit(run(["train", "--steps", "1", "--output", "r"]))
"""
    ended = shell(code=code)
    assert ended.code == 5, ended.err
    assert f"limited to {megabytes * 2**20 / 1e6:,.0f} MB (ulimit -v)" in " ".join(ended.err.split())
    assert "bug" not in ended.err and "Traceback" not in ended.err


def test_debug_adds_the_traceback(doomed):
    assert "Traceback" in doomed(errors.DataError("told"), "--debug").err


def test_a_fault_of_our_own_asks_for_debug_until_it_is_given(doomed):
    assert "--debug" in doomed(ZeroDivisionError("oh")).err
    assert "run again" not in doomed(ZeroDivisionError("oh"), "--debug").err


def test_an_unknown_command_gets_the_likely_one(cnnkit):
    ended = cnnkit("trian")
    assert ended.code == 2
    assert "Did you mean 'train'?" in ended.err
    assert "There are: train, lr-find, evaluate" in cnnkit("xyz").err


def test_an_unknown_option_gets_the_likely_one(cnnkit):
    ended = cnnkit("train", "--epoch", "3")
    assert ended.code == 2
    assert "--epochs" in ended.err


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (("train", "--imgsize", "32"), "--image-size?"),
        (("train", "--gra"), "--grey"),
        (("train", "--schedule-form", "3"), "--schedule?"),
        (("train", "--no-nestrov"), "--no-nesterov"),
        (("predict", "--topkk", "3", "x.png"), "--top?"),
        (("vall",), "'evaluate'?"),
        (("data", "downlod", "mnist"), "'fetch'?"),
    ],
)
def test_what_is_proposed_is_what_the_help_shows(cnnkit, words, meant):
    ended = cnnkit(*words)
    assert ended.code == 2 and f"Did you mean {meant}" in ended.err
    for hidden in ("--img-size", "--imgsz", "--gray", "--schedule-from", "--topk?", "'val'", "'download'"):
        assert hidden not in ended.err


def test_a_file_of_options_gets_the_likely_one_as_the_help_names_it(cnnkit, empty_folder):
    (empty_folder / "c.toml").write_text("imgsize = 32")
    assert "Did you mean 'image_size'?" in cnnkit("train", "--config", "c.toml").err
    (empty_folder / "c.toml").write_text("zzz = 32")
    said = cnnkit("train", "--config", "c.toml").err
    assert "It has: " in said and "image_size" in said and "schedule_until" not in said


def test_an_unknown_subcommand_gets_the_likely_one(cnnkit):
    ended = cnnkit("data", "chek", ".")
    assert ended.code == 2
    assert "Did you mean 'check'?" in ended.err


@pytest.mark.parametrize(
    ("alias", "name"), [("val", "evaluate"), ("test", "evaluate"), ("infer", "predict"), ("benchmark", "bench")]
)
def test_other_spellings_of_commands_are_understood_but_not_listed(cnnkit, alias, name):
    assert cnnkit(alias, "-h").out == cnnkit(name, "-h").out
    assert f"\n  {alias} " not in cnnkit("-h").out


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["train", "--batch-size", "0"], ["--batch-size", "'0'", "--batch-size 128"]),
        (["train", "--lr", "-1"], ["--lr", "'-1'", "--lr 0.05"]),
        (["train", "--epochs", "x"], ["--epochs", "'x'", "--epochs 5"]),
        (["train", "--optimiser", "sgdd"], ["--optimiser", "'sgdd'", "sgd", "did you mean"]),
        (["train", "--image-size", "big"], ["--image-size", "'big'", "32x48"]),
        (["train", "--val-fraction", "1"], ["--val-fraction", "'1'", "0.1"]),
        (["train", "-t", "0"], ["--threads", "'0'", "--threads 2"]),
        (["train", "--backend", "gpu"], ["--backend", "'gpu'", "cpu"]),
        (["predict", "x.png", "--top", "0"], ["--top", "'0'", "--top 5"]),
        (["evaluate", "--split", "tset"], ["--split", "'tset'", "did you mean test"]),
        (["bench", "--suite", "con"], ["--suite", "'con'", "did you mean conv"]),
        (["completion", "zhs"], ["'zhs'", "did you mean zsh"]),
    ],
)
def test_an_impossible_option_is_named_with_its_value_and_a_right_one(cnnkit, arguments, parts):
    ended = cnnkit(*arguments)
    assert (ended.code, ended.out) == (2, "")
    for part in parts:
        assert part in ended.err


def test_a_missing_argument_is_told_with_an_example(cnnkit):
    ended = cnnkit("predict")
    assert ended.code == 2
    assert "Missing argument 'PATHS...'" in ended.err and "Example: cnnkit predict image.png" in ended.err


@pytest.mark.parametrize("command", [["models"], ["train"], ["predict", "x.png"], ["doctor"], ["cache", "dir"]])
def test_cuda_is_refused_in_one_sentence(cnnkit, command):
    ended = cnnkit(*command, "--backend", "cuda")
    assert (ended.code, ended.out) == (1, "")
    assert "cnnkit[cuda]" in ended.err
    assert ended.err.count("\n") == 1


def test_the_signal_handler_raises_terminated():
    with pytest.raises(Terminated):
        main._terminate(15, None)


def test_the_name_of_a_command_in_a_group_leads_there(cnnkit):
    ended = cnnkit("check", "photos")
    assert ended.code == 2 and "Did you mean 'data check'?" in ended.err
    assert "'models' or" not in cnnkit("list").err and "'weights list'" in cnnkit("list").err


def test_data_without_their_option_are_told_where_they_go(cnnkit):
    ended = cnnkit("train", "photos/")
    assert ended.code == 2 and "The data are given with --data: --data photos/" in ended.err
    assert "--data" not in cnnkit("models", "lenet5", "photos/").err


def test_an_option_as_other_tools_have_it_is_told_how_it_is_written(cnnkit):
    ended = cnnkit("train", "batch_size=8", "lr=0.1")
    assert ended.code == 2 and "An option is given with two hyphens: --batch-size 8" in ended.err
    assert "The data are given with --data: --data nothing=1" in cnnkit("train", "nothing=1").err


@pytest.mark.parametrize(
    ("arguments", "where"),
    [
        (["train", "--data", ""], " behind --data"),
        (["train", "--output", ""], " behind --output"),
        (["predict", ""], ""),
        (["evaluate", "runs/mine", ""], ""),
    ],
)
def test_an_empty_name_is_not_taken_for_the_current_folder(cnnkit, arguments, where):
    ended = cnnkit(*arguments)
    assert ended.code == 2
    assert ended.err.startswith(f"Error: There is an empty word{where}. Is a variable of your shell not set?")


def test_an_interrupt_that_a_library_calls_a_failed_import_is_an_interrupt(doomed):
    try:
        raise ImportError("initialization failed") from KeyboardInterrupt()
    except ImportError as error:
        ended = doomed(error)
    assert (ended.code, ended.err) == (130, "Interrupted.\n")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
def test_a_full_disk_behind_stdout_is_told_as_such():
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-m", "cnnkit", "recipes"]
        ended = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert ended.returncode == 5
    assert ended.stderr == "Error: The output cannot be written: No space left on device.\n"
