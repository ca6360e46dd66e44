"""Published weights, made into one file that says all it needs: network, preprocessing, names of the classes."""

import shlex
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, final

from cnnkit import models
from cnnkit.data.sets.masks.colours import distinct_colours
from cnnkit.data.view.preprocessing import Preprocessing
from cnnkit.engine.run import checkpoint
from cnnkit.engine.use.choices import Choices, names_of, preprocessing_of
from cnnkit.engine.use.class_names import stand_ins
from cnnkit.errors import CheckpointError, CnnkitError, UsageError
from cnnkit.kernels.shared.array import Host
from cnnkit.models.detection.darknet.given import text_of
from cnnkit.models.detection.darknet.network import Darknet
from cnnkit.models.detection.darknet.plan import Step
from cnnkit.models.detection.darknet.weights import classes_of, read_weights
from cnnkit.models.network import Network
from cnnkit.models.weights.adopt import to_state
from cnnkit.models.weights.identify import AmbiguousError, Reading, fit, identify
from cnnkit.models.weights.layouts import OIHW, Layout
from cnnkit.models.weights.padding import padded
from cnnkit.models.weights.published import Published, row
from cnnkit.serialize import safe
from cnnkit.serialize.foreign.read import read_arrays
from cnnkit.serialize.outputs import check_output
from cnnkit.tasks.registry import create

_DARKNET = ".weights"
# Of a network that only its .cfg file tells: pixels from 0 to 1, and pictures out of shape.
_AS_DARKNET = Published(fit="stretch")


@final
@dataclass(frozen=True)
class Adopted:
    """A foreign weight file as one of ours: the state, the record that goes with it, and what should be known."""

    network: Network
    layout: Layout
    state: dict[str, Host]
    record: dict[str, Any]
    notes: list[str]


@final
@dataclass(frozen=True)
class ConvertResult:
    """A converted file."""

    source: str
    target: str
    model: str
    parameters: int
    classes: int
    image_size: tuple[int, int]
    in_channels: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    layout: str
    padding: str
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def convert(
    source: str | Path, model: str, target: str | Path, choices: Choices | None = None, *, exist_ok: bool = False
) -> ConvertResult:
    """Write a foreign weight file as one of ours, beside and renamed: the target is there whole, or as it was.

    Raises:
        UsageError: the target exists, or the choices do not go together.
        CheckpointError: the file is damaged, hostile, or for another network.
        DataError: the class names do not fit.
    """
    source, target = Path(source).expanduser(), Path(target).expanduser()
    check_target(source, target, exist_ok)
    adopted = adopt(source, model, choices or Choices())
    checkpoint.save_weights(target, adopted.state, adopted.record)
    preprocessing = Preprocessing.from_record(adopted.record["preprocessing"])
    return ConvertResult(
        source=str(source),
        target=str(target),
        model=model,
        parameters=sum(p.size for name, p in adopted.network.build().named_parameters() if name in adopted.state),
        classes=adopted.network.classes,
        image_size=adopted.network.image_size,
        in_channels=adopted.network.in_channels,
        mean=preprocessing.mean,
        std=preprocessing.std,
        layout=adopted.layout.filters,
        padding=adopted.network.padding,
        notes=tuple(adopted.notes),
    )


def adopt(path: Path, model: str, choices: Choices) -> Adopted:
    """Read a foreign file for the model of this name."""
    models.spec(model)
    if safe.is_ours(path):
        raise UsageError(f"{path} is a cnnkit file already. Use it directly: --model {shlex.quote(str(path))}")
    if is_nameless(path):
        return _of_darknet(path, model, choices)
    arrays, notes = read_arrays(path)
    try:
        reading = fit(arrays, model, choices.image_size, choices.layout)
    except AmbiguousError as error:
        raise CheckpointError(f"{path}: {error}") from error
    except CheckpointError as error:
        raise CheckpointError(f"{path} is not for {model}: {error}{_fitting(arrays)}") from error
    return _adopted(path, arrays, reading, choices, notes)


def adopt_unnamed(path: Path) -> Adopted:
    """Read a foreign file that fits exactly one network whose preprocessing is known.

    Raises:
        CheckpointError: with the command that converts it.
    """
    if is_nameless(path):
        raise CheckpointError(
            f"{path} is of darknet: numbers alone, which fit many networks. Say which one they are for by --model, "
            "such as --model net.cfg, or convert them:\n  " + _command(path, "NAME")
        )
    arrays, notes = read_arrays(path)
    readings = identify(arrays)
    networks = [reading.network for reading in readings]
    if len(networks) != 1:
        fitting = f"several networks ({', '.join(network.model for network in networks)})" if networks else "no network"
        name = networks[0].model if networks else "NAME"
        raise CheckpointError(f"{path} fits {fitting}. Say which it is for:\n  {_command(path, name)}")
    network = networks[0]
    if row(network.model) is None:
        raise CheckpointError(
            f"{path} fits {network.model}, but not how its input was normalised. Say so:\n"
            f"  {_command(path, network.model, '--mean 0.5 --std 0.5')}"
        )
    return _adopted(path, arrays, readings[0], Choices(), notes)


def is_nameless(path: str | Path) -> bool:
    """Whether a file holds numbers alone, so that nothing in it tells a network: a `.weights` file of darknet."""
    return Path(path).suffix.lower() == _DARKNET


def _of_darknet(path: Path, model: str, choices: Choices) -> Adopted:
    """Numbers in the order of the layers, which must be all; the classes follow from how many there are."""
    told = models.spec(model)
    size = choices.image_size or told.input[:2]

    def steps(classes: int) -> tuple[Step, ...]:
        module = Network(told.name, classes, told.input[2], size).build()
        if not isinstance(module, Darknet):
            raise UsageError(f"{path} is of darknet, but {model} is not. Choose one of its networks, such as yolo_v3.")
        return module.steps

    classes = classes_of(path, steps) or told.classes
    network = Network(told.name, classes, told.input[2], size, choices.padding or "default")
    published = row(told.name) or replace(_AS_DARKNET, mean=(0.0,) * told.input[2], std=(1.0,) * told.input[2])
    return _with_record(path, network, published, OIHW, read_weights(path, steps(classes)), choices, [])


def _adopted(path: Path, arrays: dict[str, Host], reading: Reading, choices: Choices, notes: list[str]) -> Adopted:
    network, doubt = padded(reading.network, arrays, choices.padding)
    state = to_state(arrays, network, network.build(), reading.layout)
    published = row(network.model)
    return _with_record(
        path, network, published, reading.layout, state, choices, [*notes, *_said_of_layout(reading), *doubt]
    )


def _with_record(
    path: Path,
    network: Network,
    published: Published | None,
    layout: Layout,
    state: dict[str, Host],
    choices: Choices,
    notes: list[str],
) -> Adopted:
    preprocessing = preprocessing_of(network, published, choices)
    names = names_of(network, published, choices)
    data = published.data if published and names == list(published.classes) else None
    kind = models.spec(network.model).kind
    settings = create(kind, names, options={"colours": distinct_colours(len(names))}).settings()
    record = {
        "task": kind,
        "model": network.model,
        "own_module": False,
        "classes": names,
        "in_channels": network.in_channels,
        "image_size": list(network.image_size),
        "padding": network.padding,
        "preprocessing": preprocessing.to_record(),
        "converted_from": path.name,
        "data": data,
        "data_options": {"data": data} if data else {},
        **({"settings": dict(settings)} if settings else {}),
        **({} if (text := text_of(network.model)) is None else {"cfg": text}),
    }
    if names == stand_ins(network.classes):
        notes = [f"The {network.classes} classes have no names: give them with --classes FILE.", *notes]
    return Adopted(network, layout, state, {**record, "kind": "weights"}, notes)


def _said_of_layout(reading: Reading) -> list[str]:
    if not reading.by_shape:
        return []
    axes = {"hwio": "(height, width, in, out)", "oihw": "(out, in, height, width)", "ohwi": "(out, height, width, in)"}
    dense = {"io": "(in, out)", "oi": "(out, in)"}
    filters, other = reading.layout
    return [
        f"Filters are read as {filters}, {axes[filters]}, and dense weights as {dense[other]}: only so do their shapes "
        "fit. --layout says otherwise."
    ]


def check_target(source: Path, target: Path, exist_ok: bool) -> None:
    """UsageError if the target cannot be written, or must not be."""
    if target.exists() and target.resolve() == source.resolve():
        raise UsageError(f"{target} is the file that is read. Choose another name.")
    check_output(target, exist_ok=exist_ok)


def _fitting(arrays: dict[str, Host]) -> str:
    try:
        networks = [reading.network for reading in identify(arrays)]
    except CnnkitError:
        return ""
    return f" It fits --model {' or '.join(network.model for network in networks)}." if networks else ""


def _command(path: Path, model: str, more: str = "") -> str:
    target = shlex.quote(f"{path.stem}.safetensors")
    words = ("cnnkit weights convert", shlex.quote(str(path)), target, "--model", model, more)
    return " ".join(word for word in words if word)
