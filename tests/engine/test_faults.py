"""Whatever fails, and whenever: a resumed run ends with the very bytes of one that nothing disturbed."""

import errno
import os
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from cnnkit.engine.records.events import CheckpointSaved, EpochEnd, Finished, Interrupted, StepEnd
from cnnkit.errors import CnnkitError, ResourceError
from cnnkit.serialize import files

SCRIPT = Path(__file__).with_name("tiny.py")


@contextmanager
def failing(tiny, n: int, code: int, calls: list[str] | None = None):
    """Let the n-th primitive of the file layer fail; writes first store a half, as a full disk does."""
    real = {name: getattr(files, name) for name in tiny.PRIMITIVES}
    count = [0]

    def wrapped(name):
        def call(*args):
            count[0] += 1
            if calls is not None:
                calls.append(name)
            if count[0] == n:
                if name == "_write":
                    os.write(args[0], args[1][: len(args[1]) // 2])
                raise OSError(code, os.strerror(code))
            return real[name](*args)

        return call

    for name in real:
        setattr(files, name, wrapped(name))
    try:
        yield
    finally:
        for name, function in real.items():
            setattr(files, name, function)


def primitives_of_a_run(tiny, folder: Path) -> list[str]:
    calls: list[str] = []
    with failing(tiny, 0, 0, calls):
        list(tiny.fit(folder))
    return calls


def fail_and_go_on(tiny, folder: Path, n: int, code: int) -> None:
    with failing(tiny, n, code), pytest.raises(ResourceError):
        list(tiny.fit(folder))
    assert isinstance(tiny.go_on(folder), Finished)


def test_a_few_failing_writes(tiny, tmp_path, same_weights):
    total = len(primitives_of_a_run(tiny, tmp_path / "counted"))
    for n in (1, total // 2, total):
        fail_and_go_on(tiny, tmp_path / str(n), n, errno.EIO)
        same_weights(tmp_path / str(n))


@pytest.mark.slow
@pytest.mark.parametrize("code", [errno.EIO, errno.ENOSPC])
def test_every_failing_write_fsync_and_rename(tiny, tmp_path, same_weights, code):
    calls = primitives_of_a_run(tiny, tmp_path / "counted")
    assert {"_write", "_fsync", "_replace"} <= set(calls)
    for n in range(1, len(calls) + 1):
        fail_and_go_on(tiny, tmp_path / str(n), n, code)
        same_weights(tmp_path / str(n))


@pytest.mark.slow
def test_every_failing_write_while_resuming(tiny, tmp_path, same_weights):
    stopped = tmp_path / "stopped"
    events = tiny.fit(stopped)
    next(e for e in events if isinstance(e, EpochEnd) and e.epoch == 2)
    next(e for e in events if isinstance(e, CheckpointSaved))
    events.close()
    calls: list[str] = []
    shutil.copytree(stopped, tmp_path / "counted")
    with failing(tiny, 0, 0, calls):
        list(tiny.resume(tmp_path / "counted"))
    for n in range(1, len(calls) + 1):
        folder = tmp_path / str(n)
        shutil.copytree(stopped, folder)
        with failing(tiny, n, errno.EIO), pytest.raises(ResourceError):
            list(tiny.resume(folder))
        list(tiny.resume(folder))
        same_weights(folder)


def test_a_disk_that_is_full_from_some_moment_on_is_told_and_survived(tiny, tmp_path, monkeypatch, same_weights):
    """A file layer with room for so many bytes; then the disk is cleared and the run goes on."""
    for room in (3_000, 10_000, 15_000, 40_000):
        left, folder = [room], tmp_path / str(room)

        def write(descriptor, data, left=left):
            if left[0] <= 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            taken = os.write(descriptor, data[: left[0]])
            left[0] -= taken
            return taken

        with monkeypatch.context() as patch:
            patch.setattr(files, "_write", write)
            # The least is not even enough to begin a run, so there is none to go on with.
            then = r" Free some space\.$" if room == 3_000 else r" Then go on with: cnnkit\.fit\(network, resume_from="
            with pytest.raises(ResourceError, match="no room to write .*" + then):
                list(tiny.fit(folder))
        assert folder.exists() == (room > 3_000) and not list(tmp_path.rglob(".*.tmp"))
        tiny.go_on(folder)
        same_weights(folder)


@pytest.mark.slow
def test_a_real_full_disk(tiny, tmp_path, same_weights):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=32k", "tmpfs", str(disk)], capture_output=True)
    if mounted.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {mounted.stderr.decode().strip()}")
    try:
        with pytest.raises(ResourceError, match="no room to write"):
            list(tiny.fit(disk / "run"))
        subprocess.run(["mount", "-o", "remount,size=4m", str(disk)], check=True)
        tiny.go_on(disk / "run")
        same_weights(disk / "run")
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def script(*arguments: object) -> subprocess.CompletedProcess:
    command = [sys.executable, str(SCRIPT), *(str(argument) for argument in arguments)]
    return subprocess.run(command, capture_output=True, text=True)


def test_a_real_kill(tiny, tmp_path, same_weights):
    assert script("one", tmp_path / "run", "after", 20).returncode == -signal.SIGKILL
    tiny.go_on(tmp_path / "run")
    same_weights(tmp_path / "run")


@pytest.mark.slow
@pytest.mark.parametrize("where", ["before", "half", "after"])
def test_real_kills_at_every_primitive(tiny, tmp_path, same_weights, where):
    """A write alone has a half; half of another primitive is nothing, as before it."""
    calls = primitives_of_a_run(tiny, tmp_path / "counted")
    numbers = [n for n, name in enumerate(calls, 1) if where != "half" or name == "_write"]
    assert len(numbers) > 20
    done = script("every", tmp_path, where, *numbers)
    assert done.returncode == 0, done.stderr
    for n in numbers:
        assert isinstance(tiny.go_on(tmp_path / str(n)), Finished)
        same_weights(tmp_path / str(n))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_real_kills_at_random_moments_until_it_is_done(tmp_path, same_weights, monkeypatch, seed):
    """A checkpoint after every step, so that every life can bring the run forward."""
    monkeypatch.setenv("CNNKIT_CHECKPOINT_SECONDS", "0")
    done = script("random", tmp_path / "run", seed)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= 3
    same_weights(tmp_path / "run")


def send_when(events, number: int, condition):
    """Send this process a signal at an event, and return what comes after it."""
    rest = []
    for event in events:
        if rest:
            rest.append(event)
        elif condition(event):
            os.kill(os.getpid(), number)
            rest.append(event)
    return rest


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("step", [1, 4, 7, 12])
def test_a_signal_saves_and_ends_with_interrupted(tiny, tmp_path, same_weights, number, code, step):
    handlers = signal.getsignal(number)
    rest = send_when(tiny.fit(tmp_path / "run"), number, lambda e: isinstance(e, StepEnd) and e.step == step)
    assert isinstance(rest[-1], Interrupted) and rest[-1].exit_code == code and rest[-1].step == step
    assert not any(isinstance(e, StepEnd) for e in rest[1:])
    assert f"Go on with: cnnkit.fit(network, resume_from='{tmp_path / 'run'}')" in rest[-1].text
    assert signal.getsignal(number) is handlers
    list(tiny.resume(tmp_path / "run"))
    same_weights(tmp_path / "run")


def test_a_signal_before_the_first_step_leaves_a_run_that_begins_again(tiny, tmp_path, same_weights):
    rest = send_when(tiny.fit(tmp_path / "run"), signal.SIGINT, lambda e: True)
    assert isinstance(rest[-1], Interrupted) and rest[-1].step in (0, 1)
    list(tiny.resume(tmp_path / "run"))
    same_weights(tmp_path / "run")


def test_a_second_signal_stops_at_once(tiny, tmp_path, same_weights):
    events = tiny.fit(tmp_path / "run")
    next(e for e in events if isinstance(e, StepEnd) and e.step == 6)
    os.kill(os.getpid(), signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGINT)
    events.close()
    list(tiny.resume(tmp_path / "run"))
    same_weights(tmp_path / "run")


def test_errors_of_the_file_layer_are_ours(tiny, tmp_path):
    with failing(tiny, 3, errno.EACCES), pytest.raises(CnnkitError):
        list(tiny.fit(tmp_path / "run"))
