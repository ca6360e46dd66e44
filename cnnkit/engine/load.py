"""From a run, or a weight file, or nothing at all, to a Predictor."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cnnkit import models
from cnnkit.data.preprocessing import Preprocessing
from cnnkit.engine.missing import no_run, nothing_there
from cnnkit.engine.predict import Predictor
from cnnkit.engine.run import Run, newest_run
from cnnkit.engine.weights import adopt_unnamed
from cnnkit.errors import CheckpointError, CnnkitError, ShapeError
from cnnkit.kernels.shared.array import Array
from cnnkit.models.network import Network
from cnnkit.nn import Module
from cnnkit.serialize import safe

SHIPPED = Path(models.__file__).parent / "shipped" / "digits.safetensors"


def load(source: str | Path | None = None, *, module: Module | None = None) -> Predictor:
    """The network of a run folder (its best epoch) or of a weight file, ready to predict.

    A weight file of others is taken where it fits exactly one network whose preprocessing is known.

    Args:
        source: None is the newest run under runs/, and where there is none, the digits network in the package.
        module: the network itself, for weights of a module of one's own, which no name can build.
    """
    path, said = _find(source)
    arrays, record = _read(path) if module is None else safe.load(path)
    try:
        if record["kind"] == "state":
            arrays, record = _weights_of_state(path, arrays, record)
        preprocessing = Preprocessing.from_record(record["preprocessing"])
        classes = [str(name) for name in record["classes"]]
        network = _network(path, record, len(classes), preprocessing) if module is None else module
        network.load_state_dict(arrays)
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
        network, preprocessing, classes, str(record["model"]), source=said, record=record, folder=_run_of(path)
    )


def _find(source: str | Path | None) -> tuple[Path, str]:
    """The weight file and a word on it."""
    if source is not None:
        path = Path(source).expanduser()
        if not path.exists() and not path.is_symlink():
            raise nothing_there(path)
        return (_of_run(path), str(path)) if path.is_dir() else (path, str(path))
    newest = newest_run(with_weights=True)
    if newest is not None:
        return Run(newest).best, f"{newest} (the newest run)"
    if not SHIPPED.exists():
        raise CheckpointError("There is no run under runs/, and no digits network in the package. Run: cnnkit train")
    return SHIPPED, "the digits network in the package"


def _run_of(path: Path) -> Path | None:
    """The run folder that a weight file or a state is in."""
    folder = path.resolve().parent.parent
    return folder if Run(folder).parts.is_file() else None


def _read(path: Path) -> tuple[dict[str, Array], dict[str, Any]]:
    """A file of ours, or of others; a file that is missing or damaged is one of ours."""
    if safe.is_ours(path) or not path.exists():
        return safe.load(path)
    adopted = adopt_unnamed(path)
    return adopted.state, adopted.record


def _of_run(path: Path) -> Path:
    run = Run(path)
    if run.best.exists():
        return run.best
    if run.config.exists():
        raise CheckpointError(f"The run {path} has no weights yet. Go on with: cnnkit train --resume {path}")
    raise no_run(path)


def _weights_of_state(
    path: Path, arrays: Mapping[str, Array], record: Mapping[str, Any]
) -> tuple[dict[str, Array], dict[str, Any]]:
    """The best weights within a state file, or the present ones before the first epoch was judged."""
    for part in ("best/", "model/"):
        found = {name.removeprefix(part): array for name, array in arrays.items() if name.startswith(part)}
        if found:
            return found, dict(record["about"])
    raise CheckpointError(f"{path} holds no weights.")


def _network(path: Path, record: Mapping[str, Any], classes: int, preprocessing: Preprocessing) -> Module:
    if record.get("own_module"):
        raise CheckpointError(
            f"{path} holds weights of a module of one's own ({record['model']}), which its name cannot build. "
            "Pass it: cnnkit.load(path, module=...)."
        )
    try:
        size = (preprocessing.height, preprocessing.width)
        padding = record.get("padding", "default")
        return Network(record["model"], classes, preprocessing.channels, size, padding).build()
    except CnnkitError as error:
        raise CheckpointError(f"{path}: {error}") from error
