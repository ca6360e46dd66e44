"""What is learned behind the last step: from the best weights on, kept piece by piece, and part of what is saved."""

import numpy as np
import pytest

from cnnkit import ops
from cnnkit.autograd import Tensor
from cnnkit.data.open.source import open_data
from cnnkit.engine.fit import fit, resume
from cnnkit.engine.records.events import Finished, PhaseStep
from cnnkit.engine.records.options import FitOptions
from cnnkit.engine.run.folder import Run
from cnnkit.engine.session.settling import KeptPieces
from cnnkit.models.detection.detector import EMPTY, Detector, Piece
from cnnkit.nn import Parameter
from cnnkit.serialize import safe


class Counter(Detector):
    """Counts boxes behind its last step."""

    places = 8

    def __init__(self):
        self.level = Parameter(np.zeros(1, np.float32))
        self.register_buffer("boxes", np.zeros((), np.int64))
        self.looked_in = []

    def forward(self, x):
        found = np.zeros((len(x), self.places, 6), np.float32)
        found[..., 5] = EMPTY
        return Tensor(found)

    def losses(self, x, targets):
        off = ops.subtract(self.level, 1.0)
        return {"loss_class": ops.sum(ops.multiply(off, off))}

    def settle(self, pictures, kept):
        if self.boxes:
            return
        counts = []
        for number in range(len(pictures)):
            known = kept.take(f"{number}")
            if known is None:
                self.looked_in.append(self.training)
                image, batch = pictures[number]
                assert image.shape == (32, 32, 3)
                known = {"count": np.array((batch.labels != EMPTY).sum())}
                kept.keep(f"{number}", known)
            counts.append(int(known["count"]))
            yield Piece("counting: picture", number + 1, len(pictures))
        self.boxes[...] = sum(counts)


@pytest.fixture(scope="module")
def splits():
    return open_data("shapes", task="detection", image_size=(32, 32))


def options(folder):
    return FitOptions(output=str(folder), epochs=2, batch_size=4, overfit=4, lr=0.1, task="detection")


def counted(run):
    return [int(safe.load(path)[0]["boxes"]) for path in (run.best, run.last)]


def test_the_best_weights_learn_it_in_use_and_it_is_saved_with_them(splits, tmp_path):
    module = Counter()
    events = list(fit(options(tmp_path / "run"), module=module, data=splits))
    told = [event for event in events if isinstance(event, PhaseStep)]
    assert told == [PhaseStep("counting: picture", n, 4) for n in range(1, 5)]
    assert module.looked_in == [False] * 4 and isinstance(events[-1], Finished)
    best, last = counted(Run(tmp_path / "run"))
    assert best >= 8 and last == 0
    assert not Run(tmp_path / "run").pieces


def test_a_run_that_is_ended_in_a_phase_does_the_rest_alone(splits, tmp_path):
    events = fit(options(tmp_path / "run"), module=Counter(), data=splits)
    next(event for event in events if isinstance(event, PhaseStep) and event.done == 3)
    events.close()
    run, again = Run(tmp_path / "run"), Counter()
    assert len(run.pieces) == 3
    # One of the three is damaged meanwhile.
    run.piece("1").write_bytes(run.piece("1").read_bytes()[:-1])
    assert isinstance(list(resume(tmp_path / "run", module=again, data=splits))[-1], Finished)
    assert len(again.looked_in) == 2
    list(fit(options(tmp_path / "smooth"), module=Counter(), data=splits))
    assert counted(run) == counted(Run(tmp_path / "smooth"))


def test_what_is_kept_belongs_to_its_key_and_stays_within_its_room(tmp_path):
    run = Run(tmp_path)
    run.states.mkdir()
    kept, other = KeptPieces(run, "of these weights"), KeptPieces(run, "of others")
    assert kept.take("a") is None
    kept.keep("a", {"x": np.arange(3.0)})
    np.testing.assert_array_equal(kept.take("a")["x"], np.arange(3.0))
    assert other.take("a") is None
    kept.room = 16
    kept.keep("b", {"x": np.arange(3.0)})
    assert kept.take("b") is None and [path.name for path in run.pieces] == ["piece-a.safetensors"]
