"""What the files of a run say of it: its options, its manifest, its result, and in which state it is."""

from dataclasses import dataclass
from typing import Any, Literal, final

from cnnkit.engine.records.options import FitOptions
from cnnkit.engine.review.story import Story, number_of
from cnnkit.engine.run.folder import Run
from cnnkit.errors import CnnkitError
from cnnkit.serialize.files import read_whole
from cnnkit.tasks import Task
from cnnkit.tasks.registry import DEFAULT, find

# running: a process trains in it now.   stopped: it ended without a word, as a kill or a power cut leaves it.
State = Literal["running", "finished", "interrupted", "stopped", "begun"]
_LARGEST_CONFIG = 2**20


@final
@dataclass(frozen=True)
class Papers:
    """state: of the run; "begun" before its first step.   kind: its task.

    config: the text of config.toml; "" without.   options: what it says; None where that is missing or damaged.
    manifest: empty where it is missing or damaged.   result: of a finished run; its numbers are finite.
    command: that repeats the run; "" where nobody can tell. Of what came from Python it knows nothing.
    """

    state: State
    kind: type[Task[Any]]
    config: str
    options: FitOptions | None
    manifest: dict[str, Any]
    result: dict[str, Any] | None
    command: str


def papers_of(run: Run, story: Story, *, running: bool | None = None) -> Papers:
    """What lies in the folder.   running: whether it trains, where the caller knows it."""
    manifest, result, config = run.read_manifest(), _result(run), _text(run)
    try:
        options = FitOptions.from_toml(config, str(run.config)) if config else None
    except CnnkitError:
        options = None
    command = options.command() if options is not None else str(manifest.get("command") or "")
    return Papers(
        state=_state(run, story, result, run.is_held() if running is None else running),
        kind=_kind(manifest.get("task") or story.started.get("task")),
        config=config,
        options=options,
        manifest=manifest,
        result=result,
        command=command[:20_000],
    )


def _result(run: Run) -> dict[str, Any] | None:
    """The result without what is no number where one should be, nor finite: the file may be damaged."""
    result = run.read_result()
    if result is None:
        return None
    sound = {n: v for n, v in result.items() if not isinstance(v, int | float) or number_of(v) is not None}
    if number_of(sound.get("seconds")) is None:
        sound.pop("seconds", None)
    return sound


def _state(run: Run, story: Story, result: object, running: bool) -> State:
    if running:
        return "running"
    if result is not None:
        return "finished"
    if story.ended == "Interrupted":
        return "interrupted"
    return "stopped" if story.step or story.epochs or run.best.exists() else "begun"


def _kind(name: object) -> type[Task[Any]]:
    """The task of this name; of a name that nobody knows the usual one."""
    try:
        return find(name if isinstance(name, str) else None)
    except CnnkitError:
        return find(DEFAULT)


def _text(run: Run) -> str:
    try:
        return read_whole(run.config, _LARGEST_CONFIG).decode()
    except (OSError, UnicodeDecodeError):
        return ""
