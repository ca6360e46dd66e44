"""What classification asks of a network and how it counts its answers."""

import numpy as np
import pytest

from cnnkit import kernels, nn
from cnnkit.autograd import Tensor
from cnnkit.data.loader import Batch
from cnnkit.errors import ShapeError
from cnnkit.metrics import ClassScore
from cnnkit.tasks import ClassificationTask, Judgement


@pytest.fixture(autouse=True)
def definitions():
    with kernels.use("reference"):
        yield


def batch_of(x: np.ndarray, labels: list[int]) -> Batch:
    return Batch(x, np.array(labels, np.int64), np.arange(len(labels)))


class Same(nn.Module):
    def forward(self, x):
        return x


LOGITS = np.array([[2, 0, 0, 1, 0, 0, -1], [0, 1, 2, 3, 4, 5, 6], [0, 0, 0, 0, 0, 0, 0]], np.float32)
TASK = ClassificationTask(list("abcdefg"))


def test_loss_and_right_answers_of_a_batch():
    outcome = TASK.loss(Same(), batch_of(LOGITS, [0, 0, 0]))
    expected = np.mean([np.log(np.exp(row.astype(float)).sum()) - row[0] for row in LOGITS])
    # One float32 number of size 3.
    assert outcome.value.item() == pytest.approx(expected, rel=1e-6)
    assert outcome.correct == 2


class WithTwoMore(nn.Module):
    def forward(self, x):
        return nn.WithAuxiliary(x, (2 * x, -x), 0.3)


def test_auxiliary_classifiers_add_their_share_of_the_loss_but_no_answers():
    def loss_of(factor: float) -> float:
        return TASK.loss(Same(), batch_of(np.float32(factor) * LOGITS, [0, 0, 0])).value.item()

    outcome = TASK.loss(WithTwoMore(), batch_of(LOGITS, [0, 0, 0]))
    # Three float32 numbers of size 3.
    assert outcome.value.item() == pytest.approx(loss_of(1) + 0.3 * (loss_of(2) + loss_of(-1)), rel=1e-6)
    assert outcome.correct == 2


def test_an_auxiliary_classifier_for_other_classes_is_refused():
    class Short(nn.Module):
        def forward(self, x):
            return nn.WithAuxiliary(x, (Tensor(x.data[:, :3]),), 0.3)

    with pytest.raises(ShapeError, match="A network for 7 classes"):
        TASK.loss(Short(), batch_of(LOGITS, [0, 0, 0]))


def test_a_tally_counts_over_batches_of_unequal_size():
    tally = TASK.tally()
    tally.add(LOGITS[:2], batch_of(LOGITS[:2], [0, 0]))
    tally.add(LOGITS[2:], batch_of(LOGITS[2:], [6]))
    assert tally.answers.tolist() == [0, 6, 0] and tally.labels.tolist() == [0, 0, 6]
    judgement = tally.judgement()
    assert judgement.n == 3 and judgement.top1 == pytest.approx(1 / 3) and tally.top5 == pytest.approx(1 / 3)
    whole = TASK.loss(Same(), batch_of(LOGITS, [0, 0, 6])).value.item()
    assert judgement.loss == pytest.approx(whole, rel=1e-6)
    assert tally.losses.mean() == pytest.approx(whole, rel=1e-6)


def test_a_tally_keeps_the_score_of_each_best_class():
    tally = TASK.tally()
    tally.add(LOGITS[:2], batch_of(LOGITS[:2], [0, 0]))
    tally.add(LOGITS[2:], batch_of(LOGITS[2:], [6]))
    expected = [np.exp(row.max()) / np.exp(row.astype(float)).sum() for row in LOGITS]
    # One float32 number of size 1.
    assert tally.scores == pytest.approx(expected, rel=1e-6)


def test_a_tally_tells_how_well_each_class_is_known():
    tally = TASK.tally()
    tally.add(LOGITS, batch_of(LOGITS, [0, 0, 6]))
    assert tally.answers.tolist() == [0, 6, 0]
    by_class = tally.by_class()
    assert len(by_class) == 7
    assert by_class[0] == ClassScore(0.5, 0.5, 0.5, 2, 2) and by_class[6] == ClassScore(0, 0, 0, 1, 1)


def test_an_empty_tally_is_no_division_by_zero():
    tally = TASK.tally()
    assert tally.judgement() == Judgement(0.0, 0.0, 0)
    assert len(tally.losses) == len(tally.scores) == 0


def test_decoding_gives_the_best_first():
    first, second, third = TASK.decode(LOGITS, 3)
    assert first.indices[:2] == (0, 3) and second.indices == (6, 5, 4)
    # Equal scores: the lower class first.
    assert third.indices == (0, 1, 2) and third.scores == pytest.approx([1 / 7] * 3)


def test_a_network_for_other_classes_is_told():
    with pytest.raises(ShapeError, match=r"A network for 7 classes gives \(N, 7\), but this one gives \(1, 3\)"):
        TASK.loss(Same(), batch_of(np.zeros((1, 3), np.float32), [0]))


def test_more_right_answers_are_better_then_a_smaller_loss_then_the_first():
    assert Judgement(1.0, 0.5, 9).better_than(None)
    assert Judgement(1.0, 0.6, 9).better_than(Judgement(0.1, 0.5, 9))
    assert Judgement(0.9, 0.5, 9).better_than(Judgement(1.0, 0.5, 9))
    assert not Judgement(1.0, 0.5, 9).better_than(Judgement(1.0, 0.5, 9))


def test_one_phase_is_the_default():
    assert [phase.name for phase in TASK.phases()] == ["train"]
