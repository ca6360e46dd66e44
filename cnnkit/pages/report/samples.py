"""Training images as they are, and as the epochs showed them."""

from collections.abc import Iterator
from dataclasses import replace

from cnnkit.engine.ahead.preview import draw
from cnnkit.pages.page.blocks import Block, Picture, Pictures, Words
from cnnkit.pages.report.section import Seen
from cnnkit.pages.report.worst import sheet_png, small_file


def blocks(seen: Seen) -> Iterator[Block]:
    shown, words = seen.review.samples, seen.words
    if shown is None:
        yield from seen.lacks("samples")
        return
    # No epoch is shown that this training has not had.
    had = len(seen.review.story.epochs) or None
    shown = replace(shown, samples=[replace(sample, variants=sample.variants[:had]) for sample in shown.samples])
    rows = []
    for sample in shown.samples:
        name = words("samples.number", number=f"{sample.index:,}") if sample.path is None else sample.path.name
        told = (sample.class_name, name) if sample.class_name else (name,)
        row = [Picture(small_file(sample.image), words("samples.original", name=" ".join(told)), told)]
        for epoch, image in enumerate(sample.variants, 1):
            line = words("samples.epoch", epoch=epoch)
            row.append(Picture(small_file(image), line, (line,)))
        rows.append(row)
    if shown.changes:
        yield Words(words("samples.changed", level=shown.augment, changes=", ".join(shown.changes)), quiet=True)
    else:
        yield Words(words("samples.plain"), quiet=True)
    options = seen.review.papers.options
    if options is not None and (options.mixup or options.cutmix):
        yield Words(words("samples.mixed"), quiet=True)
    if rows and not shown.changes:
        rows = [[row[0] for row in rows]]
    if rows:
        yield Pictures("samples", rows, sheet_png(draw(shown)))
