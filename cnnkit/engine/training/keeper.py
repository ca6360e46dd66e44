"""What a session keeps in its run folder: states, and what follows from them: weight files and the table."""

import time
from dataclasses import dataclass
from typing import Any, final

from cnnkit._version import __version__
from cnnkit.engine.records.events import CheckpointSaved
from cnnkit.engine.run import checkpoint
from cnnkit.engine.run.folder import Run
from cnnkit.engine.run.log import Log, write_results
from cnnkit.engine.run.resume_call import resume_call
from cnnkit.engine.run.state import Training
from cnnkit.serialize import files
from cnnkit.tasks import Judgement
from cnnkit.tasks.columns import Values
from cnnkit.tasks.registry import find


@final
@dataclass
class Keeper:
    """Writes for one process's share of a training.

    seconds_before: what earlier processes took.   started: when this one began, by `time.perf_counter`.
    """

    run: Run
    training: Training
    log: Log
    about: dict[str, Any]
    started: float

    def __post_init__(self) -> None:
        self.seconds_before = self.training.progress.seconds
        self.saved_at = time.perf_counter()

    def seconds(self) -> float:
        """Of the whole training so far."""
        return self.seconds_before + time.perf_counter() - self.started

    def is_due(self) -> bool:
        """Whether the newest state is so old that another should be saved."""
        return time.perf_counter() - self.saved_at >= checkpoint.seconds_between()

    def save(self) -> CheckpointSaved:
        """Write the state, and the events before it."""
        self.training.progress.seconds = self.seconds()
        self.log.flush()
        path = checkpoint.save(self.run, self.training, self.log.length, self.about)
        self.saved_at = time.perf_counter()
        return CheckpointSaved(str(path), self.training.progress.step)

    def set_steps(self, steps: int) -> None:
        """Make this a run of so many steps, in the options and wherever they are told."""
        self.training.options = self.training.options.replace(time=None, steps=steps)
        self.about["command"] = self.training.options.command()
        self.write_config()
        self.run.write_json(self.run.manifest, self.run.read_manifest() | {"command": self.about["command"]})

    def write_config(self) -> None:
        """The options as they are now."""
        files.write_atomic(self.run.config, self.training.options.to_toml().encode())

    def write_derived(self) -> None:
        """What follows from the state: the table of results, and both weight files."""
        training, progress = self.training, self.training.progress
        write_results(self.run, progress.history)
        if training.best_weights:
            checkpoint.save_weights(self.run.best, training.best_weights, self._best(None))
        if progress.history and len(progress.history) == progress.epoch + (progress.batch > 0):
            row = progress.history[-1]
            record = self._record(len(progress.history), {name: row[f"val_{name}"] for name in self._metrics()}, {})
            checkpoint.save_weights(self.run.last, training.judged_weights(), record)

    def write_best(self, test: Judgement) -> None:
        """The best weights, now that the test images were looked at."""
        checkpoint.save_weights(self.run.best, self.training.best_weights, self._best(test))

    def go_on(self, **options: str) -> str:
        """The command that goes on with this run; in Python, where a part of it came from there."""
        return resume_call(self.run.path, self.about, **options)

    def _best(self, test: Judgement | None) -> dict[str, Any]:
        progress = self.training.progress
        val = progress.best.values if progress.best else {}
        return self._record(progress.best_epoch, val, test.values if test else {})

    def _record(self, epoch: int, val: Values, test: Values) -> dict[str, Any]:
        """What a weight file says: each metric on the validation and on the test part, None where it is not known."""
        known = {f"val_{name}": val.get(name) for name in self._metrics()}
        known |= {name: test.get(name) for name in self._metrics()}
        return {**self.about, "epoch": epoch, **known, "cnnkit": __version__}

    def _metrics(self) -> list[str]:
        return [metric.name for metric in find(self.training.options.task).metrics]
