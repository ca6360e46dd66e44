"""The network itself: what its first layer looks for, and where its time goes."""

from collections.abc import Iterator

from cnnkit.engine.review.lack import NO_WEIGHTS, Lack
from cnnkit.pages.draw import bars
from cnnkit.pages.draw.data import png
from cnnkit.pages.draw.filters import MOST
from cnnkit.pages.draw.filters import filters as drawn_filters
from cnnkit.pages.page.blocks import Block, Figure, Table, Words
from cnnkit.pages.report.section import Seen

# Layers in the picture; the table has all.
MOST_BARS = 24


def filters(seen: Seen) -> Iterator[Block]:
    found, words = seen.review.filters, seen.words
    if found is None:
        yield from seen.lacks("filters")
        return
    KH, KW, C, O = found.weights.shape
    key = "filters.grey" if C == 1 else "filters.rgb"
    caption = words(key, layer=found.layer, count=min(O, MOST), all=O, height=KH, width=KW)
    yield Figure("filters", png(drawn_filters(found.weights)), words("filters.words", layer=found.layer), caption)


def layers(seen: Seen) -> Iterator[Block]:
    times, words = seen.times, seen.words
    if isinstance(times, Lack):
        if times != NO_WEIGHTS:
            yield seen.lacking(times)
        return
    ordered = sorted(times.layers, key=lambda layer: -layer.ms)
    total = sum(layer.ms for layer in ordered) or 1.0
    yield Words(words("layers.caption", ms=f"{times.ms:.3f}", sum=f"{total:.3f}"), quiet=True)
    rows = [(layer.name, layer.ms, layer.roof_ms) for layer in ordered[:MOST_BARS]]
    picture = bars.times(rows, x="ms", taken=words("layers.taken"), roof=words("layers.roof"))
    yield Figure("layers", picture, words("layers.words"))
    names = [words(f"layers.{name}") for name in ("layer", "result", "ms", "share", "gflops", "of_roof", "gain")]
    table = [
        (
            layer.name,
            "×".join(map(str, layer.shape[1:])),
            (f"{layer.ms:.3f}", layer.ms),
            (f"{100 * layer.ms / total:.1f} %", layer.ms),
            ("-", -1.0) if layer.gflops is None else (f"{layer.gflops:.0f}", layer.gflops),
            (f"{100 * layer.of_roof:.0f} %", layer.of_roof),
            (f"{layer.gain_ms:.3f}", layer.gain_ms),
        )
        for layer in ordered
    ]
    shares = [layer.ms / total for layer in ordered]
    title = words("layers.title")
    yield Table(title, names, table, names[2:], sortable=True, long=len(table) > 30, bar=names[3], shares=shares)
