"""Curves of loss, metrics, rate and speed; the table of epochs; what was said on the way."""

from collections.abc import Iterator

from cnnkit.engine.time.duration import duration
from cnnkit.pages.draw.curves import Line, curves
from cnnkit.pages.page.blocks import Block, Figure, Fold, Group, Table, Words
from cnnkit.pages.report.headline import kept_row
from cnnkit.pages.report.section import Seen
from cnnkit.tasks.metric import Metric

# Rows of the table of epochs: of more, the last ones.
MOST_ROWS = 200


def blocks(seen: Seen) -> Iterator[Block]:
    story = seen.review.story
    if not story.step and not story.epochs:
        yield Words(seen.words("training.nothing"), quiet=True)
    if figures := figures_of(seen):
        yield Group(figures)
    if story.epochs:
        yield Fold(seen.words("training.epochs"), [_table(seen)])
    if story.notes:
        yield Fold(seen.words("training.notes"), [Words(note) for note in story.notes])


def figures_of(seen: Seen) -> list[Figure]:
    """The curves, drawn now unless they are given."""
    return list(_figures(seen)) if seen.curves is None else list(seen.curves)


def _figures(seen: Seen) -> Iterator[Figure]:
    story, words = seen.review.story, seen.words
    row = kept_row(seen)
    mark = row["epoch"] if row is not None and len(story.epochs) > 1 else None
    epoch, step = words("training.epoch"), words("training.step")
    if steps := story.loss.points():
        drawn = curves([Line(words("training.train"), steps)], x=step, y=words("training.loss"), log=True)
        yield Figure("loss-steps", drawn, words("training.loss_steps_words"), words("training.loss_steps"))
    losses = [(words(f"training.{part}"), story.curve(f"{part}_loss")) for part in ("train", "val")]
    if lines := [Line(label, points) for label, points in losses if points]:
        drawn = curves(lines, x=epoch, y=words("training.loss"), log=True, mark=mark)
        yield Figure("loss", drawn, words("training.loss_words"), words("training.loss_caption"))
    yield from _metrics(seen, epoch, mark)
    if rates := story.lr.points():
        drawn = curves([Line("", rates)], x=step, y=words("training.rate"))
        yield Figure("learning-rate", drawn, words("training.rate"), words("training.rate_caption"))
    if len(speeds := story.speed()) > 1:  # one number stands above, and is no curve
        drawn = curves([Line("", speeds)], x=epoch, y=words("training.speed"), zero=True)
        yield Figure("speed", drawn, words("training.speed"), words("training.speed_caption"))


def _metrics(seen: Seen, epoch: str, mark: float | None) -> Iterator[Figure]:
    """Shares together in one figure, other numbers in one each; losses that are parts of the loss in their own."""
    story, kind, words = seen.review.story, seen.review.papers.kind, seen.words
    train, val = words("training.train"), words("training.val")
    known = [(f"train_{m.name}", f"{train}: {m.label}", m) for m in kind.running]
    known += [(f"val_{m.name}", f"{val}: {m.label}", m) for m in kind.metrics]
    shares = [Line(label, points) for column, label, m in known if m.share and (points := story.curve(column))]
    if shares:
        drawn = curves(shares, x=epoch, y="%", share=True, mark=mark)
        caption = words("training.metrics_one" if len(story.epochs) == 1 else "training.metrics_caption")
        yield Figure("metrics", drawn, words("training.metrics"), caption)
    others = [Line(label, points) for column, label, m in known if not m.share and (points := story.curve(column))]
    if others:
        drawn = curves(others, x=epoch, y="", mark=mark)
        yield Figure("parts", drawn, words("training.parts"), words("training.parts"))


def _table(seen: Seen) -> Table:
    story, kind, words = seen.review.story, seen.review.papers.kind, seen.words
    shown = story.rows[-MOST_ROWS:]
    train, val = words("training.train"), words("training.val")
    columns: list[tuple[str, str, Metric | None]] = [("train_loss", f"{train}: {words('training.loss')}", None)]
    columns += [(f"train_{m.name}", f"{train}: {m.label}", m) for m in kind.running]
    columns += [("val_loss", f"{val}: {words('training.loss')}", None)]
    columns += [(f"val_{m.name}", f"{val}: {m.label}", m) for m in kind.metrics]
    columns = [column for column in columns if any(column[0] in row for row in shown)]
    rows = []
    for row in shown:
        cells = [f"{row['epoch']:.0f}"]
        for name, _, metric in columns:
            value = row.get(name)
            cells.append("-" if value is None else f"{value:.4f}" if metric is None else metric.text(value))
        cells += [f"{row['lr']:.3g}" if "lr" in row else "-", duration(row.get("seconds"))]
        rows.append([*cells, words("training.best") if row.get("best") else ""])
    names = [words("training.epoch"), *(label for _, label, _ in columns), words("training.rate")]
    names += [words("training.time"), ""]
    caption = words("training.table", shown=len(shown), epochs=len(story.epochs))
    return Table(caption, names, rows, numbers=names[:-1], long=True)
