"""A detection as people read of it; of an evaluation the means, what is wrong, each class, the worst pictures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from cnnkit.cli.show import answers
from cnnkit.cli.show.answers import percent, tell, worst_classes
from cnnkit.cli.show.screen import Screen
from cnnkit.engine.records.results import EvaluateResult, FitResult, Prediction

SIZES = ("small", "medium", "large")  # below 32x32 pixels, up to 96x96, above


class Shown(answers.Shown):
    """The form of a detection's results."""

    def trained(self, result: FitResult) -> list[tuple[str, object]]:
        told = f"{percent(result.map50)}, {result.test_images:,} images; mAP from 0.5 to 0.95: {percent(result.map)}"
        return [("test mAP@0.5", told)]

    def added(self, result: FitResult) -> list[tuple[str, object]]:
        if result.more.get("worst_ap50") is None:
            return []
        return [("lowest AP@0.5", f"{percent(result.worst_ap50)} for {result.worst_class}")]

    def evaluated(self, screen: Screen, result: EvaluateResult) -> None:
        tell(screen, _facts(result))
        _classes(screen, result)
        if result.top_losses:
            _worst(screen, result)

    def next_look(self, result: EvaluateResult) -> list[str]:
        wrong = result.errors.right < result.things
        return ["--top-losses", "8", "--sheet", "worst.png"] if not result.top_losses and wrong else []

    def rows(self, answer: Prediction) -> list[Mapping[str, object]]:
        """A row for each box; a picture in which nothing was found has an empty one."""
        same = {"path": answer.path, **answer.files}
        found = [dict(zip(self.kind.columns, (box.label, box.score, *box.box), strict=True)) for box in answer.boxes]
        return [same | row for row in found] or [same]

    def cells(self, answer: Prediction, top: int) -> tuple[str, ...]:
        told = ", ".join(f"{box.label} {100 * box.score:.0f} %" for box in answer.boxes[:top]) or "nothing"
        more = len(answer.boxes) - top
        return answer.path or "", told + (f" and {more:,} more" if more > 0 else ""), *answer.files.values()

    def predicted(self, screen: Screen, rows: Sequence[Sequence[str]]) -> None:
        screen.table(["path", "things", *self.kind.written], rows, optional=[*self.kind.written])


def _facts(result: EvaluateResult) -> Iterator[tuple[str, str]]:
    known = sum(row.things > 0 for row in result.per_class)
    classes = "1 class" if known == 1 else f"{known:,} classes"
    yield "mAP@0.5", f"{percent(result.map50)}, the mean over {classes}; boxes must overlap by half"
    yield "mAP", f"{percent(result.map)}, COCO's: the mean over overlaps of 0.5, 0.55, ... 0.95"
    yield "by size", ", ".join(f"{size} {_share(getattr(result, f'ap_{size}'))}" for size in SIZES)
    recalls = ", ".join(f"{_share(getattr(result, f'ar{most}'))} with {most}" for most in (1, 10, 100))
    yield "mean recall", f"{recalls} boxes of a class in a picture"
    e, shown = result.errors, f"{100 * result.least_score:.0f} %"
    boxes = e.right + e.doubled + e.wrong_class + e.wrong_place + e.background
    yield (
        f"from {shown} on",
        f"{e.right:,} of {boxes:,} boxes are right, and find {e.right:,} of {result.things:,} things",
    )
    if wrong := _wrong(result):
        yield "wrong", wrong
    crowds = f"; {result.crowds:,} boxes are around crowds, or hard, and do not count" if result.crowds else ""
    yield "images", f"{result.n:,}{crowds}"


def _wrong(result: EvaluateResult) -> str:
    e = result.errors
    told = [
        (e.background, "where nothing is"),
        (e.wrong_place, "in the wrong place"),
        (e.wrong_class, "of the wrong class"),
        (e.doubled, "doubled"),
    ]
    boxes = ", ".join(f"{count:,} {what}" for count, what in told if count)
    missed = f"{e.missed:,} things missed altogether" if e.missed else ""
    return "; ".join(part for part in (boxes, missed) if part)


def _classes(screen: Screen, result: EvaluateResult) -> None:
    judged = [row for row in result.per_class if row.things or row.precision is not None]
    ranked = sorted(judged, key=lambda row: -1.0 if row.ap50 is None else row.ap50)
    rows = [
        (row.label, _share(row.ap50), _share(row.ap), _share(row.precision), _share(row.recall), f"{row.things:,}")
        for row in worst_classes(screen, ranked, "the lowest AP first")
    ]
    screen.table(
        ["class", "AP@0.5", "AP", "precision", "recall", "things"], rows, optional=["AP", "precision", "recall"]
    )
    if unseen := len(result.per_class) - len(judged):
        screen.text(f"{unseen:,} further class{'es have' if unseen > 1 else ' has'} no things here.")


def _worst(screen: Screen, result: EvaluateResult) -> None:
    screen.text(f"\nThe pictures of the {result.split} part with the most errors:")
    rows = [
        (k, row.path or f"number {row.index}", f"{row.right:,}", f"{row.wrong:,}", f"{row.missed:,}")
        for k, row in enumerate(result.top_losses, 1)
    ]
    screen.table(["", "picture", "right", "wrong", "missed"], rows, optional=[""])
    if result.sheet:
        screen.text(f"They are drawn in {result.sheet}, each with its boxes and with the answer.")


def _share(value: float | None) -> str:
    return "-" if value is None else percent(value)
