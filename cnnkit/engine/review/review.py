"""A run looked at again, part by part: what cannot be told is a Lack, and the rest goes on."""

import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, final

from cnnkit.data.check.check import checking
from cnnkit.data.check.report import DataReport
from cnnkit.data.headway import Headway
from cnnkit.data.open.source import IN_MEMORY, resolve
from cnnkit.data.open.splits import DataSplits
from cnnkit.engine.ahead.preview import Preview, preview
from cnnkit.engine.records.events import Event
from cnnkit.engine.records.options import CHANGES, THINGS, FitOptions
from cnnkit.engine.review.filters import Filters, first_filters
from cnnkit.engine.review.judged import Judged, judging
from cnnkit.engine.review.lack import IN_PYTHON, RUNNING, Lack
from cnnkit.engine.review.network import network_of
from cnnkit.engine.review.papers import Papers, papers_of
from cnnkit.engine.review.story import Story, story_of
from cnnkit.engine.run.elsewhere import check_there
from cnnkit.engine.run.find import open_run
from cnnkit.engine.run.folder import Run
from cnnkit.engine.run.resume_call import given_in_python
from cnnkit.engine.use.predictor import Predictor
from cnnkit.errors import CnnkitError
from cnnkit.nn import Module

# Worst images that are shown, and training images with their augmented versions.
WORST, SAMPLES = 24, 8

Part = TypeVar("Part")


@final
@dataclass(frozen=True)
class Review:
    """What a page tells of a run. A part that is None is in `lacks`, by its name, with the reason.

    given: which of network, data and loss came from Python.
    predictor: the network with the weights that were kept.   judged: the test part.
    samples: of training images, with what epochs made of them.   filters: of the first layer.   checked: the data.
    """

    run: Run
    story: Story
    papers: Papers
    given: tuple[str, ...] = ()
    predictor: Predictor | None = None
    judged: Judged | None = None
    samples: Preview | None = None
    filters: Filters | None = None
    checked: DataReport | None = None
    lacks: dict[str, Lack] = field(default_factory=dict)


def glance(run: Run, story: Story | None = None, *, running: bool | None = None) -> Review:
    """What can be told without the network and the data: at once, also while it trains.

    story: as it was told so far; by default it is read.   running: whether it trains, where that is known.
    """
    told = story_of(run) if story is None else story
    return Review(run, told, papers_of(run, told, running=running))


def review(
    source: str | Path,
    *,
    module: Module | None = None,
    data: DataSplits | None = None,
    check_seconds: float | None = None,
) -> Generator[Event | Headway, None, Review]:
    """Everything; yields the headway of what takes a while. Its value is the Review.

    module, data: of a run whose network, or whose data, were given in Python.
    check_seconds: after which the check of the data is left to `cnnkit data check`; None: however long it takes.

    Raises:
        CheckpointError: there is no run. Whatever else is missing or damaged is a Lack.
    """
    run = open_run(source)
    seen = glance(run)
    story, papers = seen.story, seen.papers
    lacks: dict[str, Lack] = {}
    network = network_of(run, module)
    predictor = None if isinstance(network, Lack) else network
    if isinstance(network, Lack):
        lacks["predictor"] = network
    about: dict[str, Any] = dict(predictor.record) if predictor is not None else {"own_module": network == IN_PYTHON}
    named = papers.manifest.get("data")
    about.setdefault("data", named.get("name") if isinstance(named, dict) else None)
    if _of_other_data(papers.options, about["data"]):
        about["data"] = IN_MEMORY
    about.setdefault("own_loss", papers.manifest.get("own_loss"))
    given = given_in_python(about)
    options = papers.options if "data" not in given else None
    why = IN_PYTHON if "data" in given else Lack("no-config")

    judged = None
    if papers.state == "running":
        lacks["judged"] = RUNNING
    elif predictor is None:
        lacks["judged"] = lacks["predictor"]
    elif data is None and "data" in given:
        lacks["judged"] = IN_PYTHON
    else:
        judged = yield from _tried("judged", lambda: judging(predictor, data, worst=WORST), lacks)
    filters = None if predictor is None else first_filters(predictor.module)
    if filters is None:
        lacks["filters"] = lacks.get("predictor", Lack("no-picture-filters"))
    samples: Preview | None = None
    checked: DataReport | None = None
    if options is None:
        lacks["samples"] = lacks["checked"] = why
    else:
        weights = run.best if predictor is not None else None
        samples = yield from _tried("samples", lambda: _samples(options, run, weights), lacks)
        looked = yield from _tried("checked", lambda: _checked(options, run, papers, check_seconds), lacks)
        if isinstance(looked, Lack):
            lacks["checked"] = looked
        else:
            checked = looked
    return Review(run, story, papers, given, predictor, judged, samples, filters, checked, lacks)


def _of_other_data(options: FitOptions | None, name: object) -> bool:
    """Whether the data that the options name are not those of this name: the caller gave others, opened."""
    if options is None or not isinstance(name, str):
        return False
    try:
        return resolve(options.data)[0] != name
    except CnnkitError:  # they are gone: whoever looks at them is told
        return False


def _tried(
    name: str, work: Callable[[], Generator[Event | Headway, None, Part]], lacks: dict[str, Lack]
) -> Generator[Event | Headway, None, Part | None]:
    """What the work comes to; None, and the reason among `lacks`, where the data, or the network, refuse it."""
    try:
        return (yield from work())
    except (CnnkitError, OSError) as error:
        lacks[name] = Lack("refused", str(error))
        return None


def _samples(options: FitOptions, run: Run, weights: Path | None) -> Generator[Event | Headway, None, Preview]:
    """Training images as this very training was shown them."""
    check_there(options.data, run.path)
    changes = {name: value for name in (*CHANGES, *THINGS) if (value := getattr(options, name)) is not None}
    yield Headway("samples", 0, 1)
    return preview(
        options.data,
        augment=options.augment,
        changes=changes,
        count=SAMPLES,
        image_size=options.image_size,
        fit=options.fit,
        grey=options.grey,
        ignore=options.ignore,
        task=options.task,
        seed=options.seed,
        val_fraction=options.val_fraction,
        weights=weights,
    )


def _checked(
    options: FitOptions, run: Run, papers: Papers, seconds: float | None
) -> Generator[Event | Headway, None, DataReport | Lack]:
    check_there(options.data, run.path)
    began = time.monotonic()
    looking: Iterator[Headway | DataReport] = checking(
        options.data, image_size=options.image_size, grey=options.grey, ignore=options.ignore, task=papers.kind.name
    )
    for event in looking:
        if isinstance(event, DataReport):
            return event
        if seconds is not None and time.monotonic() - began > seconds:
            return Lack("check-long", f"cnnkit data check {options.data}")
        yield event
    return Lack("refused", "")
