"""From a run, or a weight file, or nothing at all, to a Predictor."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from cnnkit.data.view.preprocessing import Preprocessing
from cnnkit.engine.records.results import FitResult
from cnnkit.engine.run.about import checked
from cnnkit.engine.run.find import newest_first
from cnnkit.engine.run.folder import Run
from cnnkit.engine.run.missing import no_run, nothing_there, refused
from cnnkit.engine.use.choices import Choices
from cnnkit.engine.use.predictor import Predictor
from cnnkit.engine.use.shipped import FOLDER, SHIPPED, shipped_names
from cnnkit.engine.use.weights import adopt, adopt_unnamed
from cnnkit.errors import CheckpointError, CnnkitError, DataError, ShapeError, UsageError
from cnnkit.kernels.shared.array import Host
from cnnkit.models.detection.darknet.given import is_cfg
from cnnkit.models.network import Network
from cnnkit.nn import Module
from cnnkit.serialize import safe
from cnnkit.tasks.registry import create


class OwnModuleError(CheckpointError):
    """Weights of a module of one's own, which no name can build."""


def load(
    source: str | Path | FitResult | None = None,
    *,
    module: Module | None = None,
    weights: str | Path | None = None,
    classes: str | Path | None = None,
) -> Predictor:
    """The network of a run folder (its best epoch) or of a weight file, ready to predict.

    A weight file of another library is accepted if it fits exactly one network whose preprocessing is known.

    Args:
        source: a run, a weight file, the result of `cnnkit.fit`, or the name of a network whose weights are in the
            package (`shipped_names`), where there is no file of that name. None is the newest run under runs/ that
            can be loaded, and where there is none, the digits network in the package; `notes` of the Predictor then
            name the newer runs that were passed over.
        module: the network itself, for weights of a module of one's own, which no name can build.
        weights: a weight file of another library for the network that `source` names, such as net.weights of net.cfg.
        classes: a file of the names of its classes, one a line.
    """
    if weights is not None:
        return _with_weights(source, Path(weights).expanduser(), classes)
    if classes is not None:
        raise UsageError("Names of classes go with weights of another library: a cnnkit file has them.")
    if source is None:
        return _newest(module)
    if not isinstance(source, str | Path | FitResult):
        own = " A module goes with its run: load(run, module=module)." if isinstance(source, Module) else ""
        raise UsageError(f"Expected a run folder or a weight file, but this is a {type(source).__name__}.{own}")
    path = Path(source.run if isinstance(source, FitResult) else source).expanduser()
    if not path.exists() and not path.is_symlink():
        if str(source) in shipped_names():
            return _load(FOLDER / f"{source}.safetensors", "the weights in the package", module)
        raise nothing_there(path)
    if is_cfg(path.name):
        raise UsageError(f"{path} tells the layers of a network, but not its numbers. Give them by --weights FILE.")
    return _load(_of_run(path) if path.is_dir() else path, str(path), module)


def leave_to_file(predictor: Predictor) -> None:
    """From now on parameters may be let go of, if they have a file.

    A network in use has filters of its own wherever a batch norm is folded into them (graph/sums.py). The file still
    has those that were read, for the rare one who asks: it must be there then, and the same.
    """
    path = predictor.file
    if path is None:
        return
    digest = safe.told_digest(path)
    for name, parameter in predictor.module.named_parameters():
        parameter.source = partial(_read_again, path, digest, name)


def _read_again(path: Path, digest: str, name: str) -> Host:
    arrays, _ = safe.load(path)
    if safe.told_digest(path) != digest:
        raise CheckpointError(f"{path} is another file than it was when it was read. Begin anew.")
    return arrays[name]


def _newest(module: Module | None) -> Predictor:
    runs, odd = newest_first()
    passed = [f"Passed over: {said}." for said in odd]
    for run in runs:
        if not run.best.exists():
            passed.append(f"Passed over: {run.path} has no weights yet.")
            continue
        newest = "the newest run that can be loaded" if passed else "the newest run"
        try:
            return _load(run.best, f"{run.path} ({newest})", module, tuple(passed))
        except OwnModuleError:
            passed.append(f"Passed over: {run.path}, whose network is a module of one's own.")
        except (CheckpointError, DataError) as error:
            passed.append(f"Passed over: {error}")
    if not SHIPPED.exists():
        raise CheckpointError(
            " ".join([*passed, "There is no run under runs/, and no digits network in the package. Run: cnnkit train"])
        )
    return _load(SHIPPED, "the digits network in the package", module, tuple(passed))


def _load(path: Path, said: str, module: Module | None, notes: tuple[str, ...] = ()) -> Predictor:
    arrays, record = _read(path) if module is None else safe.load(path)
    return _made(path, arrays, record, said, module, notes)


def _with_weights(source: object, path: Path, classes: str | Path | None) -> Predictor:
    """The network of this name, or of a `.cfg` file, with the numbers of a file that is not ours."""
    if not isinstance(source, str | Path):
        raise UsageError(f"{path} needs a network that it is for. Name one by --model, such as --model net.cfg.")
    adopted = adopt(path, str(source), Choices(classes=None if classes is None else Path(classes)))
    return _made(path, adopted.state, adopted.record, str(path), None, tuple(adopted.notes))


def _made(
    path: Path,
    arrays: dict[str, Host],
    record: dict[str, Any],
    said: str,
    module: Module | None,
    notes: tuple[str, ...],
) -> Predictor:
    ours, kind = safe.is_ours(path), record.get("kind")
    try:
        if kind == "state":
            arrays, record = _weights_of_state(path, arrays, record)
        elif kind != "weights":
            raise CheckpointError(f"its kind is {kind!r:.60}, expected weights or state.")
        record = checked(record, "its record")
        preprocessing = Preprocessing.from_record(record["preprocessing"])
        classes: list[str] = list(record["classes"])
        task = create(record.get("task"), classes, settings=record.get("settings"))
        network = _network(path, record, task.outputs, preprocessing) if module is None else module
        network.load_state_dict(arrays, keep=ours)
    except OwnModuleError:
        raise
    except CheckpointError as error:
        raise CheckpointError(f"{path} does not fit its network: {error}") from error
    except ShapeError as error:
        raise CheckpointError(f"{path} does not fit the network {record.get('model')}: {error}") from error
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(
            f"{path} lacks what a network needs: {error!r:.200}. Was it written by cnnkit?"
        ) from error
    if path == SHIPPED:
        # MNIST, on which it was trained, need not be on this machine; the part of it in the package always is.
        record = {**record, "data_options": {"data": "digits"}, "data_sha256": None}
    return Predictor(
        network,
        preprocessing,
        classes,
        str(record["model"]),
        source=said,
        record=record,
        folder=_run_of(path),
        file=path if ours and kind == "weights" else None,
        notes=notes,
        task=task,
    )


def _run_of(path: Path) -> Path | None:
    """The run folder that a weight file or a state is in."""
    folder = path.resolve().parent.parent
    return folder if Run(folder).parts.is_file() else None


def _read(path: Path) -> tuple[dict[str, Host], dict[str, Any]]:
    """A file of ours, or of others; a file that is missing or damaged is one of ours."""
    if safe.is_ours(path) or not path.exists():
        return safe.load(path)
    try:
        adopted = adopt_unnamed(path)
    except CheckpointError as error:
        raise refused(path, error) from error
    return adopted.state, adopted.record


def _of_run(path: Path) -> Path:
    run = Run(path)
    if run.best.exists():
        return run.best
    if run.config.exists():
        raise CheckpointError(f"The run {path} has no weights yet. Go on with: cnnkit train --resume {path}")
    raise no_run(path)


def _weights_of_state(
    path: Path, arrays: Mapping[str, Host], record: Mapping[str, Any]
) -> tuple[dict[str, Host], dict[str, Any]]:
    """The best weights within a state file, or the present ones before the first epoch was judged."""
    for part in ("best/", "model/"):
        found = {name.removeprefix(part): array for name, array in arrays.items() if name.startswith(part)}
        if found:
            return found, checked(record.get("about"), "its record")
    raise CheckpointError(f"{path} holds no weights.")


def _network(path: Path, record: Mapping[str, Any], outputs: int, preprocessing: Preprocessing) -> Module:
    if record.get("own_module"):
        raise OwnModuleError(
            f"{path} holds weights of a module of one's own ({record['model']}), which its name cannot build. "
            "Pass it: cnnkit.load(path, module=...)."
        )
    try:
        size = (preprocessing.height, preprocessing.width)
        padding = record.get("padding", "default")
        return Network(record["model"], outputs, preprocessing.channels, size, padding).build()
    except CnnkitError as error:
        raise CheckpointError(f"{path}: {error}") from error
