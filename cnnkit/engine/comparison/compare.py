"""Several runs of one task beside each other, and a paired test over the test images that none of them learned from."""

import shlex
from collections.abc import Generator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, final

from cnnkit.engine.comparison.differing import Difference, differing
from cnnkit.engine.comparison.same_images import SameImages, same_images
from cnnkit.engine.records.events import EvaluateStep, Event, Note
from cnnkit.engine.review.judged import Judged, judging
from cnnkit.engine.review.lack import RUNNING, Lack
from cnnkit.engine.review.network import network_of
from cnnkit.engine.review.review import Review, glance
from cnnkit.engine.run.find import open_run
from cnnkit.engine.run.folder import Run
from cnnkit.engine.use.predictor import Predictor
from cnnkit.engine.use.unseen import recorded
from cnnkit.errors import CnnkitError, UsageError
from cnnkit.metrics.paired import LEVEL, Paired, holm
from cnnkit.tasks import Task

# Each has a letter and a colour.
MOST = 12
LETTERS = "ABCDEFGHIJKL"


@final
@dataclass(frozen=True)
class Side:
    """One of the runs.   letter: what it is called.   review: what its files tell.   judged: its whole test part.

    weight_bytes: of the file of its weights; 0 where there is none.   measured: the first metric on the shared images.
    """

    letter: str
    review: Review
    judged: Judged | None = None
    weight_bytes: int = 0
    measured: float | None = None

    @property
    def run(self) -> Run:
        return self.review.run

    def facts(self) -> dict[str, Any]:
        """What its files tell, in plain form; None where they do not.

        test, val: the task's metrics by name, of the weights that were kept.
        """
        papers, story = self.review.papers, self.review.story
        result, rows = papers.result or {}, story.rows
        named = papers.manifest.get("data")
        kept = [row for row in rows if row.get("epoch") == result.get("best_epoch")] or rows[-1:]
        found = self.judged.measured.values if self.judged is not None else result
        names = [metric.name for metric in papers.kind.metrics]
        last = rows[-1] if rows else {}
        return {
            "run": str(self.run.path),
            "letter": self.letter,
            "state": papers.state,
            "model": story.started.get("model") or papers.manifest.get("model"),
            "data": named.get("name") if isinstance(named, dict) else story.started.get("data"),
            "parameters": story.started.get("parameters"),
            "weight_bytes": self.weight_bytes or None,
            "epochs": len(rows),
            "seconds": result.get("seconds") or last.get("seconds"),
            "images_per_second": last.get("images_per_second"),
            "test": {name: value for name in names if isinstance(value := found.get(name), float)},
            "val": {name: kept[0][f"val_{name}"] for name in names if kept and f"val_{name}" in kept[0]},
            "shared": self.measured,
        }


@final
@dataclass(frozen=True)
class AgainstBest:
    """One run beside the best one.   paired: first is the best one.   p_value: of all tests together, after Holm."""

    best: int
    other: int
    paired: Paired
    p_value: float

    @property
    def beyond_chance(self) -> bool:
        return self.p_value < LEVEL

    def to_json(self, letters: Sequence[str]) -> dict[str, Any]:
        """In plain form.   p_value: as corrected; of this test alone `p_alone`."""
        paired = asdict(self.paired)
        alone = paired.pop("p_value")
        named = {"best": letters[self.best], "other": letters[self.other]}
        return named | paired | {"p_alone": alone, "p_value": self.p_value, "beyond_chance": self.beyond_chance}


@final
@dataclass(frozen=True)
class Comparison:
    """task: of all runs.   sides: in the order they were named.   differences: of options, data and machine.

    best: the number of the run that does best on the shared images; None without a test.
    shared: these images.   tests: of each other run against it.   lack: why there is no test.   notes: sentences.
    reordered: the runs have the same classes in another order, and are matched by name.
    """

    task: type[Task[Any]]
    sides: tuple[Side, ...]
    differences: tuple[Difference, ...]
    best: int | None = None
    shared: SameImages | None = None
    tests: tuple[AgainstBest, ...] = ()
    lack: Lack | None = None
    reordered: bool = False
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """In plain form."""
        letters = [side.letter for side in self.sides]
        shared = self.shared
        return {
            "task": self.task.name,
            "metric": self.task.metrics[0].name,
            "runs": [side.facts() for side in self.sides],
            "best": None if self.best is None else letters[self.best],
            "images": None if shared is None else len(shared),
            "images_alone": None if shared is None else dict(zip(letters, shared.alone, strict=True)),
            "images_learned": None if shared is None else shared.learned,
            "tests": [test.to_json(letters) for test in self.tests],
            "no_test": None if self.lack is None else {"why": self.lack.why, "detail": self.lack.detail},
            "reordered": self.reordered,
            "differences": [
                {"kind": one.kind, "name": one.name, "values": dict(zip(letters, one.values, strict=True))}
                for one in self.differences
            ],
            "notes": list(self.notes),
        }


def compare(sources: Sequence[str | Path]) -> Generator[Event, None, Comparison]:
    """Compare runs; yields how far it is. Its value is the Comparison.

    What keeps the test from being made (a run that trains, images that are gone) is told as its `lack`; the rest is
    compared all the same.

    Raises:
        UsageError: fewer than two runs, more than MOST, one of them twice, or runs of different tasks or classes.
        CheckpointError: one of them is no run.
    """
    runs = [open_run(source) for source in sources]
    _check(runs)
    reviews = [glance(run) for run in runs]
    tasks = [review.papers.kind for review in reviews]
    for run, task in zip(runs, tasks, strict=True):
        if task is not tasks[0]:
            raise UsageError(
                f"{runs[0].path} is a run for {tasks[0].name}, but {run.path} is one for {task.name}. What they "
                "measure cannot be compared: give runs of one task."
            )
    sides = tuple(
        Side(letter, review, weight_bytes=_size(review.run)) for letter, review in zip(LETTERS, reviews, strict=False)
    )
    plain = Comparison(tasks[0], sides, tuple(differing([review.papers for review in reviews])))
    return (yield from _tested(plain))


def _check(runs: Sequence[Run]) -> None:
    if len(runs) < 2:
        alone = str(runs[0].path) if runs else "RUN"
        raise UsageError(
            f"{'Only one run is' if runs else 'No runs are'} given, but 2 to {MOST} are compared. Name another one "
            f"beside it: cnnkit compare {shlex.quote(alone)} RUN. A page about one run alone is made by: "
            f"cnnkit report {shlex.quote(alone)}"
        )
    if len(runs) > MOST:
        raise UsageError(f"{len(runs)} runs are given, but 2 to {MOST} are compared. Leave out {len(runs) - MOST}.")
    known: dict[Path, Run] = {}
    for run in runs:
        if (place := run.path.resolve()) in known:
            raise UsageError(f"{known[place].path} and {run.path} are the same run. Leave one of them out.")
        known[place] = run


def _size(run: Run) -> int:
    try:
        return run.best.stat().st_size
    except OSError:
        return 0


def _tested(plain: Comparison) -> Generator[Event, None, Comparison]:
    """With the paired tests, or with the reason why there are none."""
    predictors: list[Predictor] = []
    learned: set[str] = set()
    for side in plain.sides:
        found = RUNNING if side.review.papers.state == "running" else network_of(side.run)
        if isinstance(found, Lack):
            return _with(plain, lack=Lack(found.why, f"{side.letter}: {found.detail or side.run.path}"))
        parts = recorded(side.run, found.record.get("parts_sha256"))
        if parts is None:
            return _with(plain, lack=Lack("no-parts", f"{side.letter}: {side.run.path}"))
        learned |= {item.digest for part in ("train", "val") for item in parts[1][part]}
        predictors.append(found)
    _check_classes(plain, predictors)
    sides: list[Side] = []
    notes: list[str] = []
    for side, predictor in zip(plain.sides, predictors, strict=True):
        try:
            judged = yield from _judged(side, predictor, notes)
        except (CnnkitError, OSError) as error:
            return _with(plain, lack=Lack("refused", f"{side.letter}: {error}"), notes=tuple(notes))
        sides.append(Side(side.letter, side.review, judged, side.weight_bytes))
    marks = [[side.judged.part.mark(k) for k in range(len(side.judged.part))] for side in sides if side.judged]
    shared = same_images(marks, learned)
    judged_all = [side.judged for side in sides if side.judged]
    reordered = any(predictor.classes != predictors[0].classes for predictor in predictors)
    told = {"sides": tuple(sides), "shared": shared, "notes": tuple(notes), "reordered": reordered}
    if not len(shared):
        return _with(plain, **told, lack=Lack("no-images"))
    contest = judged_all[0].task.contest([judged.tally for judged in judged_all], shared.rows)
    if contest is None:
        return _with(plain, **told, lack=Lack("no-contest"))
    values = list(contest.values)
    told["sides"] = tuple(
        Side(side.letter, side.review, side.judged, side.weight_bytes, value)
        for side, value in zip(sides, values, strict=True)
    )
    metric = plain.task.metrics[0]
    best = max(range(len(values)), key=lambda k: (metric.goodness(values[k]), -k))
    others = [k for k in range(len(values)) if k != best]
    paired = [contest.compared(best, other) for other in others]
    p_values = holm([one.p_value for one in paired])
    tests = tuple(AgainstBest(best, *row) for row in zip(others, paired, p_values, strict=True))
    return _with(plain, **told, best=best, tests=tests)


def _with(plain: Comparison, **more: Any) -> Comparison:
    return Comparison(**{"task": plain.task, "sides": plain.sides, "differences": plain.differences, **more})


def _check_classes(plain: Comparison, predictors: Sequence[Predictor]) -> None:
    """Classes may stand in another order, but must be the same."""
    first = set(predictors[0].classes)
    for side, predictor in zip(plain.sides, predictors, strict=True):
        if odd := sorted(first ^ set(predictor.classes)):
            where = plain.sides[0] if odd[0] in first else side
            raise UsageError(
                f"{plain.sides[0].run.path} and {side.run.path} answer with different classes: only {where.run.path} "
                f"has {odd[0]!r}. Compare runs that learned the same classes."
            )


def _judged(side: Side, predictor: Predictor, notes: list[str]) -> Generator[Event, None, Judged]:
    events = judging(predictor)
    while True:
        try:
            event = next(events)
        except StopIteration as end:
            judged: Judged = end.value
            return judged
        if isinstance(event, Note):
            notes.append(f"{side.letter}: {event.text}")
        elif isinstance(event, EvaluateStep):
            yield event
