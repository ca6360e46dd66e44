"""A segmentation as people read of it; of an evaluation the means, each class, what is confused, the worst pictures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from cnnkit.cli.show import answers
from cnnkit.cli.show.answers import percent, tell, worst_classes
from cnnkit.cli.show.screen import Screen
from cnnkit.engine.records.results import EvaluateResult, FitResult, Prediction

if TYPE_CHECKING:
    from cnnkit.engine.use.predictor import Predictor
    from cnnkit.tasks.metric import Metric

MOST_MISTAKES = 8
LEAST_MISTAKE = 0.01  # of the pixels of a class
FAR_LARGER = 4  # so many times the side of what a network learned from is a picture of another kind
LEAST_UNSEEN = 0.005  # a share of the picture that is worth a word
VOID = 255  # as `data.targets` has it, which imports numpy


class Shown(answers.Shown):
    """The form of a segmentation's results."""

    def trained(self, result: FitResult) -> list[tuple[str, object]]:
        told = f"{percent(result.miou)}, {result.test_images:,} images; pixel accuracy {percent(result.pixel_accuracy)}"
        return [("test mIoU", told), ("test loss", f"{result.test_loss:.4f}")]

    def added(self, result: FitResult) -> list[tuple[str, object]]:
        if result.more.get("worst_iou") is None:
            return []
        return [("Dice", f"{percent(result.dice)}; lowest IoU: {percent(result.worst_iou)} for {result.worst_class}")]

    def evaluated(self, screen: Screen, result: EvaluateResult) -> None:
        tell(screen, _facts(result))
        _classes(screen, result)
        _mistakes(screen, result)
        if result.top_losses:
            _worst(screen, result)

    def next_look(self, result: EvaluateResult) -> list[str]:
        return ["--top-losses", "8", "--sheet", "worst.png"] if not result.top_losses and result.miou < 1 else []

    def unmeasured(self, metric: Metric, classes: Sequence[str]) -> str | None:
        if metric.name != "rand" or len(classes) == 2:
            return None
        return f"which is for two classes, but this network knows {len(classes)}"

    def columns(self, classes: Sequence[str]) -> list[str]:
        return [*super().columns(classes), *(f"share_{name}" for name in classes)]

    def rows(self, answer: Prediction) -> list[Mapping[str, object]]:
        told = answer.to_json()
        return [told | {f"share_{name}": share for name, share in told["shares"].items()}]

    def doubt(self, predictor: Predictor, answer: Prediction) -> str | None:
        """What a mask may suffer from: from what was cut off, or where a picture that kept its size is large."""
        size = answer.answer.mask.shape[:2]
        if not predictor.preprocessing.keeps_size:
            if answer.unseen < LEAST_UNSEEN:
                return None
            return (
                f"{predictor.name} sees pictures cut to its size, of {answer.path} {100 * (1 - answer.unseen):.0f} %. "
                f"The rest is void in the mask, {VOID}. A network trained with --fit keep sees all."
            )
        H, W, _ = predictor.preprocessing.shape
        if min(size) > FAR_LARGER * max(H, W):
            return (
                f"{answer.path} has {size[1]}x{size[0]} pixels, and {predictor.name} learned from pictures or windows "
                f"of {W}x{H}: if things are larger in it than there, give a smaller copy."
            )
        way = predictor.way((size[0], size[1]))
        if way.exact:
            return None
        return (
            f"{answer.path} was too large to be read at once. {predictor.name} looks further than the "
            f"{len(way.tiles):,} overlapping pieces reach, so near where they meet the mask may differ from that of "
            "the whole picture. A smaller copy of it is read at once."
        )

    def cells(self, answer: Prediction, top: int) -> tuple[str, ...]:
        ranked = sorted(zip(answer.shares, answer.classes, strict=True), key=lambda pair: -pair[0])[:top]
        told = ", ".join(f"{name} {percent(share)}" for share, name in ranked if share >= 0.0005)
        return answer.path or "", told, *answer.files.values()

    def predicted(self, screen: Screen, rows: Sequence[Sequence[str]]) -> None:
        screen.table(["path", "classes", *self.kind.written], rows, optional=[*self.kind.written][::-1])


def _facts(result: EvaluateResult) -> Iterator[tuple[str, str]]:
    judged = sum(row.pixels > 0 or row.answered > 0 for row in result.per_class)
    absent = len(result.per_class) - judged
    left_out = f"; {absent:,} that occur{'' if absent > 1 else 's'} nowhere are left out" if absent else ""
    yield "mIoU", f"{percent(result.miou)}, the mean over {judged:,} classes{left_out}"
    yield "pixel accuracy", percent(result.pixel_accuracy)
    yield "mean accuracy", percent(result.mean_accuracy)
    yield "weighted IoU", f"{percent(result.fwiou)}, each class by its share of the pixels"
    yield "Dice", f"{percent(result.dice)}, the mean over classes"
    if result.rand is not None:
        yield "Rand score", f"{percent(result.rand)}: whether regions are whole, and kept apart"
    yield "loss", f"{result.loss:.4f}"
    void = f"; {percent(result.void)} of the pixels are void" if result.void else ""
    yield "images", f"{result.n:,}{void}"


def _classes(screen: Screen, result: EvaluateResult) -> None:
    judged = [row for row in result.per_class if row.pixels or row.answered]
    ranked = sorted(judged, key=lambda row: row.iou)
    rows = [
        (
            row.label,
            percent(row.iou),
            percent(row.accuracy) if row.pixels else "-",
            percent(row.dice),
            percent(row.share),
        )
        for row in worst_classes(screen, ranked, "the lowest IoU first")
    ]
    screen.table(["class", "IoU", "accuracy", "Dice", "of all pixels"], rows, optional=["Dice"])


def _mistakes(screen: Screen, result: EvaluateResult) -> None:
    """The pairs of classes that are taken for each other most, by the share of the class that is lost to it."""
    found = [
        (count / row.pixels, row.label, result.classes[answer])
        for truth, row in enumerate(result.per_class)
        for answer, count in enumerate(result.confusion[truth])
        if answer != truth and row.pixels and count >= LEAST_MISTAKE * row.pixels
    ]
    if not found or len(result.classes) < 3:
        return
    screen.text("\nThe most frequent mistakes:")
    rows = [(truth, answer, percent(share)) for share, truth, answer in sorted(found, reverse=True)[:MOST_MISTAKES]]
    screen.table(["true class", "taken for", "of the class"], rows)


def _worst(screen: Screen, result: EvaluateResult) -> None:
    screen.text(f"\nThe pictures of the {result.split} part with the highest loss:")
    rows = [
        (k, row.path or f"number {row.index}", f"{row.loss:.2f}", percent(row.miou))
        for k, row in enumerate(result.top_losses, 1)
    ]
    screen.table(["", "picture", "loss", "mIoU"], rows, optional=[""])
    if result.sheet:
        screen.text(f"They are drawn in {result.sheet}, each beside its mask and the answer.")
