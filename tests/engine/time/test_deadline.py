"""A time that is too short is refused as soon as that can be foreseen."""

import pytest

from cnnkit.data.load.loader import Loader
from cnnkit.engine.records.events import Compiling, Note, TrunkStep
from cnnkit.engine.run.state import Training
from cnnkit.engine.session import preparation
from cnnkit.engine.time import pace as paces
from cnnkit.engine.time.deadline import Deadline
from cnnkit.engine.time.pace import measure
from cnnkit.engine.training.defaults import resolve
from cnnkit.engine.training.keeper import Keeper
from cnnkit.errors import UsageError
from cnnkit.tasks import ClassificationTask


def compiling(clock, each, total=50):
    for done in range(1, total + 1):
        clock[0] += each
        yield Compiling(done, total, "conv2d", cached=False)


def trunk(clock, each, total=50):
    for done in range(1, total + 1):
        clock[0] += each
        yield TrunkStep(done, total)


@pytest.fixture
def watched():
    """Events until a time is refused: how many, and what was said."""

    def run(seconds, work, each, before=0.0):
        clock, seen = [before], []
        with pytest.raises(UsageError) as refusal:
            # What came before the refusal stays in the list.
            seen += Deadline(seconds, lambda: clock[0]).kept(work(clock, each))
        return len(seen), str(refusal.value)

    return run


def test_compiling_that_takes_too_long_is_foreseen(watched):
    count, said = watched(20.0, compiling, 1.2)
    # 60 s in all; half of what is left is taken for sure.
    assert count == 1
    assert said.startswith(
        "--time is 20 s, too short for one step: 1.2 s have passed and compiling kernels takes about "
    )
    assert "--time 72s is the least" in said and "Compiled kernels are kept" in said


def test_what_may_still_be_in_time_goes_on_until_it_is_known(watched):
    assert 10 < watched(40.0, compiling, 1.2)[0] < 34
    count, said = watched(40.0, trunk, 1.0)
    assert count == 1 and "computing the features of the frozen trunk takes about 49 s more" in said
    clock = [0.0]
    events = list(Deadline(70.0, lambda: clock[0]).kept([*compiling(clock, 0.5), Note("on"), *trunk(clock, 0.5)]))
    assert len(events) == 101


def test_a_time_that_is_over_before_anything_is_compiled_is_refused_at_once(watched):
    count, said = watched(20.0, compiling, 1.0, before=25.0)
    assert count == 0 and "25.0 s have passed, the last of them for opening the data" in said


def test_each_work_is_judged_by_its_own_pace():
    """Kernels that were compiled slowly say nothing of the pictures that go through the trunk."""
    clock = [0.0]

    def work():
        yield from compiling(clock, 1.0, total=10)
        yield from trunk(clock, 0.01, total=500)

    assert len(list(Deadline(18.0, lambda: clock[0]).kept(work()))) == 510


def test_without_a_time_nothing_is_watched():
    assert len(list(Deadline(None, lambda: 1e9).kept([Note("a"), Note("b")]))) == 2


def test_a_refused_run_leaves_nothing_behind(tiny, tmp_path, monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(Keeper, "seconds", lambda self: clock[0])
    monkeypatch.setattr(preparation, "compile_kernels", lambda *_: compiling(clock, 5.0))
    with pytest.raises(UsageError, match="compiling kernels takes about"):
        list(tiny.fit(tmp_path / "run", epochs=None, time=20.0))
    assert not (tmp_path / "run").exists() and clock[0] <= 10


@pytest.mark.parametrize(("left", "steps"), [(0.0, 1), (1e9, 6)])
def test_one_slow_step_is_enough_to_know_that_there_is_no_time(tiny, tmp_path, monkeypatch, left, steps):
    options = resolve(tiny.options(tmp_path).replace(model="tiny"), "synthetic")
    training, splits = Training(options, tiny.Tiny()), tiny.data()
    done, judged = [], []
    monkeypatch.setattr(paces, "train_step", lambda *_: done.append(1))
    monkeypatch.setattr(paces, "_judging_seconds", lambda *_: judged.append(1) or 1.0)
    task = ClassificationTask(splits.classes)
    pace = measure(training, task, Loader(splits.train, 16), splits, longest=0.0, left=left)
    assert pace is not None and pace.step > 0 and pace.val > 0
    assert len(judged) == (0 if left == 0 else 2)
    assert len(done) == (1 if left == 0 else 2) <= steps
