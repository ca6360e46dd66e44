"""The page of a run in its folder, and its pictures beside it in plots/. Both are made from the rest, never read."""

from collections.abc import Generator, Sequence
from pathlib import Path

from cnnkit import kernels
from cnnkit.bench import NetworkTime, times_of
from cnnkit.data.headway import Headway
from cnnkit.data.open.splits import DataSplits
from cnnkit.engine.records.events import Event
from cnnkit.engine.review.lack import NO_WEIGHTS, Lack
from cnnkit.engine.review.review import Review, review
from cnnkit.engine.run.folder import Run
from cnnkit.errors import CnnkitError
from cnnkit.nn import Module
from cnnkit.pages.page.blocks import Block, files_of
from cnnkit.pages.page.render import render
from cnnkit.pages.page.write import write_page
from cnnkit.pages.report.section import Section, Seen
from cnnkit.pages.report.sections import PICTURES, SECTIONS
from cnnkit.pages.texts import read
from cnnkit.serialize import files

# For how long a layer's time is measured, in seconds.
SECONDS = 0.3
# How often a page of a run that trains loads itself again, in seconds.
REFRESH = 5

Drawn = list[tuple[Section, list[Block]]]


def report(
    source: str | Path,
    *,
    language: str = "en",
    module: Module | None = None,
    data: DataSplits | None = None,
    check_seconds: float | None = None,
) -> Generator[Event | Headway, None, Path]:
    """Write the page of a run and its pictures; yields headway. Its value is the page.

    module, data: of a run whose network, or whose data, were given in Python.
    check_seconds: as `review` takes it.
    """
    seen = yield from review(source, module=module, data=data, check_seconds=check_seconds)
    yield Headway("layers", 0, 1)
    return write(Seen(seen, read(language), _times(seen)))


def write(seen: Seen, *, live: bool = False, save: bool = True) -> Path:
    """The page, and its pictures as files.

    live: of a run that trains: without what a network and data must be looked at for, and it loads itself again.
    save: whether the pictures become files too; else there are none, for those of a former page tell of other weights.
    """
    run, sections = seen.review.run, drawn(seen, live=live)
    write_page(run.page, page(seen, sections, refresh=REFRESH if live else 0))
    save_pictures(run, [block for _, blocks in sections for block in blocks] if save else [])
    return run.page


def drawn(seen: Seen, *, live: bool = False) -> Drawn:
    """The sections that have something to show, with their blocks."""
    found = [(section, list(section.blocks(seen))) for section in SECTIONS if section.fits(seen, live=live)]
    return [(section, blocks) for section, blocks in found if blocks]


def page(seen: Seen, sections: Drawn, *, refresh: int = 0) -> str:
    """The page as text.   refresh: seconds after which it loads itself again; 0: never."""
    started, manifest = seen.review.story.started, seen.review.papers.manifest
    data = manifest.get("data")
    names = {
        "model": started.get("model") or manifest.get("model") or "?",
        "data": started.get("data") or (data.get("name") if isinstance(data, dict) else None) or "?",
    }
    shown = [(section.name, seen.words(f"{section.name}.title"), blocks) for section, blocks in sections]
    return render(
        "report/page.html",
        seen.texts,
        title=seen.words("title", **{name: str(value)[:200] for name, value in names.items()}),
        run=str(seen.review.run.path),
        sections=shown,
        refresh=refresh,
    )


def save_pictures(run: Run, blocks: Sequence[Block]) -> None:
    """The pictures of the page in plots/, and of former pages none; whatever else is there stays.

    What is missing now, such as the confusion of weights that are gone, would be taken for that of the weights at hand.
    """
    files.check_real_folder(run.plots)
    wanted = dict(files_of(blocks))
    for name in sorted(PICTURES - wanted.keys()):
        files.remove(run.plots / name)
    if wanted and not run.plots.is_dir():
        files.make_folder(run.plots)
    for name, content in wanted.items():
        files.write_atomic(run.plots / name, content)


def _times(seen: Review) -> NetworkTime | Lack:
    predictor = seen.predictor
    if predictor is None:
        return seen.lacks.get("predictor", NO_WEIGHTS)
    if kernels.backend() != "cpu":
        return Lack("no-roof", kernels.backend())
    try:
        with kernels.use(precision=predictor.precision):
            return times_of(
                predictor.module, predictor.preprocessing.shape, predictor.name, threads=_threads(), seconds=SECONDS
            )
    except CnnkitError as error:
        return Lack("refused", str(error))


def _threads() -> int:
    from cnnkit.kernels.host import get_threads

    return get_threads()
