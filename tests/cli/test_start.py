"""What a user waits for before anything happens; in processes of their own."""

import pytest

from cnnkit import __version__

HEAVY = ("numpy", "numba", "rich", "PIL", "safetensors")


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["-h"], ["--version"], ["train", "-h"], ["train", "--print-config"], ["help"], ["nonsense"]],
)
def test_help_and_version_import_nothing_heavy(shell, arguments):
    code = (
        "import sys; from cnnkit.cli.main import run; "
        f"run({arguments!r}); print('heavy:', [name for name in {HEAVY!r} if name in sys.modules])"
    )
    assert shell(code=code).out.splitlines()[-1] == "heavy: []"


def test_version_is_told(shell):
    ended = shell("--version")
    assert (ended.code, ended.out) == (0, f"cnnkit {__version__}\n")


def test_no_command_at_all_shows_the_help(shell):
    ended = shell()
    assert "Usage: cnnkit" in ended.out + ended.err


def test_threads_reach_numba_before_it_is_imported(shell):
    code = (
        "import os, sys; from cnnkit.cli.main import run; "
        "run(['doctor', '--threads', '3', '--json']); print(os.environ['NUMBA_NUM_THREADS'], file=sys.stderr)"
    )
    ended = shell(code=code, env={"NUMBA_NUM_THREADS": "2"})
    assert ended.json["threads"] == 3
    assert ended.err.splitlines()[-1] == "3"


@pytest.mark.parametrize("command", ["completion bash", "models --task detection"])
def test_a_reader_who_leaves_ends_the_command_without_a_word(shell, command):
    import subprocess
    import sys

    pipe = subprocess.Popen(
        [sys.executable, "-m", "cnnkit", *command.split()], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    pipe.stdout.close()
    message = pipe.stderr.read()
    pipe.stderr.close()
    assert pipe.wait() == 141
    assert b"Traceback" not in message


def test_an_interrupt_before_the_command_is_known_shows_no_traceback(shell):
    code = (
        "import sys\n"
        "class Impatient:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'cnnkit.cli.main': raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Impatient())\n"
        "from cnnkit.__main__ import main\n"
        "main()"
    )
    ended = shell(code=code)
    assert (ended.code, ended.out, ended.err) == (130, "", "Interrupted.\n")


@pytest.mark.parametrize(
    "closed", ["<&- >&- 2>&-", *(pytest.param(one, marks=pytest.mark.slow) for one in (">&-", "2>&-", "<&-"))]
)
def test_a_stream_may_be_closed(closed):
    import subprocess
    import sys

    ended = subprocess.run(["sh", "-c", f'"$0" -m cnnkit data list {closed}', sys.executable], capture_output=True)
    assert ended.returncode == 0 and b"Error" not in ended.stderr and b"Traceback" not in ended.stderr
    assert bool(ended.stdout) == (">&-" not in closed.replace("2>&-", ""))
