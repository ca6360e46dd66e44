"""The page of a run in one call, for Python."""

from pathlib import Path
from typing import Any

from cnnkit.data.headway import Headway
from cnnkit.engine.notebook import shown
from cnnkit.engine.records.options import FitOptions
from cnnkit.engine.records.results import FitResult
from cnnkit.engine.run.find import newest_run, open_run
from cnnkit.engine.simple import opened_for
from cnnkit.errors import CheckpointError, UsageError
from cnnkit.nn import Module
from cnnkit.pages import extra
from cnnkit.pages.texts import LANGUAGES


def report(
    run: str | Path | FitResult | None = None,
    data: Any = None,
    *,
    language: str = LANGUAGES[0],
    module: Module | None = None,
    progress: bool | None = None,
) -> Path:
    """Write the page about a run into its folder, as `cnnkit report` does, and return where it is.

        cnnkit.report(result)                                # runs/…/report.html
        cnnkit.report("runs/mine", language="ko")
        cnnkit.report(result, (X, y), module=network)        # of what was given in Python

    Args:
        run: a run folder, or the result of `fit`; None is the newest run.
        data: as for `fit`, of a run whose data were given in Python. Without them the page says what is missing.
        language: of the page: en or ko.
        module: the network itself, for a run of a module of one's own.
        progress: whether to show a line of progress; None: in a notebook.

    Raises:
        CnnkitError: the extra `report` is not installed.
        CheckpointError: there is no run.
    """
    extra.need()
    # They draw, and may be imported now.
    from cnnkit.pages.report.report import report as reporting

    if isinstance(run, FitResult):
        run = run.run
    if run is None:
        run = newest_run()
    if run is None:
        raise CheckpointError("There is no run under runs/. Train one first: cnnkit.fit(...)")
    if not isinstance(run, str | Path):
        raise UsageError(f"run is a {type(run).__name__}, expected a run folder or the result of fit.")
    given = None if data is None else opened_for(data, FitOptions.read(open_run(run).config))
    if data is not None and given is None:
        raise UsageError(f"data is {data!r:.50}. Data with a name are found by the run itself: leave data out.")
    events = reporting(run, language=language, module=module, data=given)
    with shown(progress) as show:
        while True:
            try:
                event = next(events)
            except StopIteration as end:
                page: Path = end.value
                return page
            if not isinstance(event, Headway):
                show(event)
