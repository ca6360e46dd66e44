"""What classification asks of a network and how it counts its answers."""

import dataclasses

import numpy as np
import pytest

from cnnkit import kernels, nn
from cnnkit.autograd import Tensor
from cnnkit.data.load.batch import Batch
from cnnkit.errors import DataError, ShapeError
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
    assert outcome.running() == {"accuracy": 2}


class WithTwoMore(nn.Module):
    def forward(self, x):
        return nn.WithAuxiliary(x, (2 * x, -x), 0.3)


def test_auxiliary_classifiers_add_their_share_of_the_loss_but_no_answers():
    def loss_of(factor: float) -> float:
        return TASK.loss(Same(), batch_of(np.float32(factor) * LOGITS, [0, 0, 0])).value.item()

    outcome = TASK.loss(WithTwoMore(), batch_of(LOGITS, [0, 0, 0]))
    # Three float32 numbers of size 3.
    assert outcome.value.item() == pytest.approx(loss_of(1) + 0.3 * (loss_of(2) + loss_of(-1)), rel=1e-6)
    assert outcome.running() == {"accuracy": 2}


def test_an_auxiliary_classifier_for_other_classes_is_refused():
    class Short(nn.Module):
        def forward(self, x):
            return nn.WithAuxiliary(x, (Tensor(x.data[:, :3]),), 0.3)

    with pytest.raises(ShapeError, match="A network for 7 classes"):
        TASK.loss(Short(), batch_of(LOGITS, [0, 0, 0]))


def log_softmax(row: np.ndarray) -> np.ndarray:
    return row - np.log(np.exp(row.astype(float)).sum())


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("weights", [None, np.array([0.5, 1, 2, 0.25, 3, 1, 1.5])])
def test_the_loss_of_mixed_images_is_its_definition(smoothing, weights):
    labels, partners, share = [0, 6, 3], [3, 0, 6], 0.3
    task = ClassificationTask(list("abcdefg"), smoothing, weights)
    batch = dataclasses.replace(batch_of(LOGITS, labels), second_targets=np.array(partners), share=share)

    def one(row: np.ndarray, label: int) -> float:
        target = np.full(7, smoothing / 7)
        target[label] += 1 - smoothing
        return float(-((1.0 if weights is None else weights) * target * log_softmax(row)).sum())

    def of(truths: list[int]) -> float:
        w = [1.0 if weights is None else float(weights[label]) for label in truths]
        return sum(one(LOGITS[n], truths[n]) for n in range(3)) / sum(w)

    expected = share * of(labels) + (1 - share) * of(partners)
    # A few float32 numbers of size 5.
    assert task.loss(Same(), batch).value.item() == pytest.approx(expected, rel=2e-6)

    auxiliary = task.loss(WithTwoMore(), batch).value.item()
    doubled, negated = (
        task.loss(Same(), dataclasses.replace(batch, x=np.float32(f) * LOGITS)).value.item() for f in (2, -1)
    )
    assert auxiliary == pytest.approx(expected + 0.3 * (doubled + negated), rel=2e-6)


def test_of_two_labels_the_weightier_is_the_right_answer():
    # The best classes are 0, 6 and, among equals, 0.
    batch = dataclasses.replace(batch_of(LOGITS, [0, 0, 0]), second_targets=np.array([6, 6, 6]))
    for share, correct in [(0.7, 2), (0.5, 2), (0.3, 1)]:
        assert TASK.loss(Same(), dataclasses.replace(batch, share=share)).running() == {"accuracy": correct}


def test_class_weights_weigh_the_training_loss_alone():
    weights = np.array([3.0, 1, 1, 1, 1, 1, 0.5])
    task = ClassificationTask(list("abcdefg"), 0.0, weights)
    batch = batch_of(LOGITS[:2], [0, 6])
    losses = [-log_softmax(LOGITS[0])[0], -log_softmax(LOGITS[1])[6]]
    assert task.loss(Same(), batch).value.item() == pytest.approx((3 * losses[0] + 0.5 * losses[1]) / 3.5, rel=1e-6)
    tally = task.tally()
    tally.add(LOGITS[:2], batch)
    assert tally.judgement().loss == pytest.approx(np.mean(losses), rel=1e-6)


@pytest.mark.parametrize("label", [-1, 7])
def test_a_label_that_has_no_class_weight_is_told(label):
    task = ClassificationTask(list("abcdefg"), 0.0, np.ones(7))
    with pytest.raises(DataError, match=f"label 1 is {label}"):
        task.loss(Same(), batch_of(LOGITS[:2], [0, label]))


def test_a_tally_counts_over_batches_of_unequal_size():
    tally = TASK.tally()
    tally.add(LOGITS[:2], batch_of(LOGITS[:2], [0, 0]))
    tally.add(LOGITS[2:], batch_of(LOGITS[2:], [6]))
    assert tally.answers.tolist() == [0, 6, 0] and tally.labels.tolist() == [0, 0, 6]
    judgement = tally.judgement()
    assert judgement.n == 3 and judgement.values["top1"] == pytest.approx(1 / 3) and tally.top5 == pytest.approx(1 / 3)
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
    assert tally.judgement() == Judgement(0.0, {"top1": 0.0}, 0)
    assert len(tally.losses) == len(tally.scores) == 0


def test_decoding_gives_the_best_first():
    first, second, third = TASK.decode(LOGITS, [None] * 3, 3)
    assert [name for name, _ in first.top[:2]] == ["a", "d"] and [name for name, _ in second.top] == ["g", "f", "e"]
    # Equal scores: the lower class first.
    assert (third.label, third.index) == ("a", 0) and [name for name, _ in third.top] == ["a", "b", "c"]
    assert [score for _, score in third.top] == pytest.approx([1 / 7] * 3)


def test_a_network_for_other_classes_is_told():
    with pytest.raises(ShapeError, match=r"A network for 7 classes gives \(N, 7\), but this one gives \(1, 3\)"):
        TASK.loss(Same(), batch_of(np.zeros((1, 3), np.float32), [0]))


def test_more_right_answers_are_better_then_a_smaller_loss_then_the_first():
    def judged(loss: float, top1: float) -> Judgement:
        return Judgement(loss, {"top1": top1}, 9)

    assert TASK.better(judged(1.0, 0.5), None)
    assert TASK.better(judged(1.0, 0.6), judged(0.1, 0.5))
    assert TASK.better(judged(0.9, 0.5), judged(1.0, 0.5))
    assert not TASK.better(judged(1.0, 0.5), judged(1.0, 0.5))
