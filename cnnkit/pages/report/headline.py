"""The few numbers that matter most, and in which state the run is."""

from collections.abc import Iterator, Mapping
from typing import Any

from cnnkit.engine.time.duration import duration
from cnnkit.pages.page.blocks import Block, Facts, Words
from cnnkit.pages.report.section import Seen
from cnnkit.tasks.metric import Metric


def blocks(seen: Seen) -> Iterator[Block]:
    story, papers = seen.review.story, seen.review.papers
    yield Words(_state(seen), bad=papers.state == "stopped")
    large = [*_on_test(seen), *_on_validation(seen)]
    if large:
        yield Facts(large, large=True)
    yield Facts(_facts(seen))
    if story.started.get("found"):
        yield Words(str(story.started["found"])[:1000], quiet=True)
    if story.damaged:
        yield Words(seen.words("headline.damaged", lines=f"{story.damaged:,}"), bad=True)


def _state(seen: Seen) -> str:
    story, state = seen.review.story, seen.review.papers.state
    if state == "running":
        if not story.steps:
            return seen.words("headline.running_begun")
        left = seen.words("headline.left", time=duration(story.seconds_left)) if story.seconds_left is not None else ""
        return f"{seen.words('headline.running', step=f'{story.step:,}', steps=f'{story.steps:,}')} {left}".strip()
    if state == "interrupted":
        return seen.words("headline.interrupted", step=f"{story.step:,}")
    if state == "stopped":
        return seen.words("headline.stopped", step=f"{story.step:,}")
    return seen.words(f"headline.{state}")


def _on_test(seen: Seen) -> Iterator[tuple[str, str]]:
    """As the images are judged now; else as the result says."""
    review = seen.review
    papers, judged = review.papers, review.judged
    values: Mapping[str, Any] = judged.measured.values if judged is not None else papers.result or {}
    loss = judged.measured.loss if judged is not None else (papers.result or {}).get("test_loss")
    told = [(metric, value) for metric in papers.kind.metrics if (value := _share(values, metric)) is not None]
    for metric, value in told:
        yield seen.words("headline.test", metric=metric.label), metric.text(value)
    if told and isinstance(loss, float):
        yield seen.words("headline.test_loss"), f"{loss:.4f}"


def _on_validation(seen: Seen) -> Iterator[tuple[str, str]]:
    row = kept_row(seen)
    for metric in seen.review.papers.kind.metrics:
        if row is not None and f"val_{metric.name}" in row:
            yield seen.words("headline.val", metric=metric.label), metric.text(row[f"val_{metric.name}"])


def kept_row(seen: Seen) -> Mapping[str, float] | None:
    """The epoch whose weights were kept: as the result says, else the last that was the best, or the last."""
    rows = seen.review.story.rows
    best = (seen.review.papers.result or {}).get("best_epoch")
    named = [row for row in rows if row["epoch"] == best] or [row for row in rows if row.get("best")] or rows
    return named[-1] if named else None


def _facts(seen: Seen) -> list[tuple[str, str]]:
    story, started, result = seen.review.story, seen.review.story.started, seen.review.papers.result or {}
    row, rows = kept_row(seen), story.rows
    found: list[tuple[str, str]] = []
    for name in ("model", "data", "task"):
        value = started.get(name) or result.get(name) or seen.review.papers.manifest.get(name)
        if isinstance(value, str):
            found.append((seen.words(f"headline.{name}"), value[:300]))
    for name in ("parameters", "train_images", "val_images", "test_images"):
        if isinstance(started.get(name), int):
            found.append((seen.words(f"headline.{name}"), f"{started[name]:,}"))
    if rows:
        kept = f"{row['epoch']:.0f}" if row is not None else "-"
        found.append((seen.words("headline.epochs"), seen.words("headline.kept", epochs=len(rows), epoch=kept)))
    if rows and "seconds" in rows[-1]:
        found.append((seen.words("headline.time"), duration(float(result.get("seconds") or rows[-1]["seconds"]))))
    if rows and "images_per_second" in rows[-1]:
        found.append((seen.words("headline.speed"), f"{rows[-1]['images_per_second']:,.0f}"))
    return found


def _share(values: Mapping[str, Any], metric: Metric) -> float | None:
    value = values.get(metric.name)
    return value if isinstance(value, float) else None
