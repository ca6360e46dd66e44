"""Every choice of a training run, as one frozen record that a TOML file can hold."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Self, final

from cnnkit.config import BACKENDS, PRECISIONS, is_backend
from cnnkit.data.layout.masks.ignore import Ignore
from cnnkit.engine.records.values import RANGES, toml, typed
from cnnkit.errors import UsageError, unknown_name
from cnnkit.serialize import files, plain_toml

OPTIMISERS = ("sgd", "adam", "adamw")
SCHEDULES = ("constant", "step", "cosine", "one-cycle", "triangle")
AUGMENT = ("none", "light", "standard", "strong")
# What the levels are made of: each is an option of its own, which overrides the level.
CHANGES = ("flip", "turn", "crop", "rotate", "elastic", "colour", "erase")
# Of pictures with boxes; no level makes them.
THINGS = ("expand", "iou_crop", "mosaic")
ON_UNREADABLE = ("refuse", "skip")
FREEZE = ("none", "trunk", "norms")
KEEP = ("best", "last")
# Those of models/geometry.py, which must not be imported here.
PADDINGS = ("default", "same", "symmetric")
FITS = ("keep", "crop", "stretch", "letterbox")
CLASS_WEIGHTS = ("none", "balanced", "median-frequency")
# Of masks; two of them are added.
LOSSES = ("cross-entropy", "dice", "focal", "cross-entropy+dice", "focal+dice")

# What says where a run lies and how it is computed, not what it computes, and what --model stands for: no part of the
# command that made the weights.
_OUTWARD = ("output", "exist_ok", "threads", "backend", "cache", "tensorboard", "cfg")
# What says when a run ends: one of them.
ENDS = ("epochs", "steps", "time")
# What a resumed run or a time keeps in its options: read back, never shown.
INTERNAL = ("schedule_from", "schedule_epochs", "schedule_until", "schedule_again", "cfg")
# What may change when a run goes on.
RESUMABLE = (
    *("epochs", "steps", "patience", "lr", "schedule", "warmup", "on_unreadable", "threads", "backend", "cache"),
    "tensorboard",
)


def _choice(default: Any, text: str, *, names: tuple[str, ...] = ()) -> Any:
    return field(default=default, metadata={"help": text, "names": names})


@final
@dataclass(frozen=True, kw_only=True)
class FitOptions:
    """None means "by the data set", filled by `engine.defaults.resolve`; in `image_size` and `grey`, "as found"."""

    data: str = _choice("digits", "Name, folder, .csv or .npz of the data set.")
    task: str | None = _choice(None, "What the network learns to do.")
    model: str | None = _choice(None, "Name of the network, or a .cfg file of darknet.")
    cfg: str | None = _choice(None, "The network itself, where --model names a .cfg file: its text.")
    padding: str | None = _choice(
        None, "Where zeros are added at stride 2: as usual for the network, or as TensorFlow (same).", names=PADDINGS
    )
    weights: str | None = _choice(None, "Run or weight file to start from.")
    freeze: str | None = _choice(
        None,
        "Which layers keep these weights unchanged: the trunk (all layers but the head), or batch norms alone.",
        names=FREEZE,
    )
    views: int | None = _choice(
        None, "Augmented versions of each image whose features a frozen trunk computes once; 0: none are kept."
    )
    epochs: int | None = _choice(None, "Passes over the training images.")
    steps: int | None = _choice(None, "Number of steps, instead of --epochs.")
    time: float | None = _choice(None, "Time to train, such as 30m, instead of --epochs; the schedule is fitted to it.")
    patience: int = _choice(0, "Stop after this many epochs without a better validation; 0: never.")
    keep: str | None = _choice(
        None, "Which epoch's weights are kept: the best on the validation part, or the last.", names=KEEP
    )
    overfit: int | None = _choice(None, "Memorise this many training images, as a test of the network.")
    batch_size: int | None = _choice(None, "Images per step.")
    lr: float | None = _choice(None, "Highest learning rate.")
    head_lr: float | None = _choice(None, "Highest learning rate of the last layer.")
    shift_rate: float = _choice(1.0, "How many times the learning rate the shifts of batch norms learn with.")
    optimiser: str | None = _choice(None, "Optimisation algorithm.", names=OPTIMISERS)
    momentum: float = _choice(0.9, "Momentum of sgd.")
    nesterov: bool = _choice(True, "Use Nesterov momentum with sgd.")
    weight_decay: float | None = _choice(None, "Strength of weight decay.")
    schedule: str | None = _choice(None, "How the learning rate changes during the run.", names=SCHEDULES)
    warmup: float | None = _choice(None, "Share of the schedule's steps in which the rate rises.")
    schedule_from: int = _choice(0, "Epochs done when the schedule begins.")
    schedule_epochs: int | None = _choice(None, "Epochs that the schedule spans; then the rate stays.")
    schedule_until: int | None = _choice(None, "Steps done when the schedule ends, if not whole epochs.")
    schedule_again: bool = _choice(False, "Begin a second cycle of the schedule where it ends.")
    label_smoothing: float = _choice(0.0, "Label smoothing: share of each label that is spread over all classes.")
    loss: str | None = _choice(
        None, "What is minimised where each pixel has a class; by default the cross-entropy.", names=LOSSES
    )
    class_weights: str = _choice("none", "Give rare classes more weight in the loss.", names=CLASS_WEIGHTS)
    mixup: float = _choice(0.0, "Strength of mixup, which blends pairs of images; 0: off.")
    cutmix: float = _choice(0.0, "Strength of cutmix, which pastes a piece of another image; 0: off.")
    border_weight: float = _choice(
        0.0, "Give pixels in the gap between two things up to this more weight in the cross-entropy; 0: off."
    )
    ema: float = _choice(0.0, "Keep a moving average of the weights with this decay; 0: off.")
    lookahead: int = _choice(
        0, "Every so many steps, go back to a moving average of the weights, by more towards the end; 0: off."
    )
    clip: float = _choice(0.0, "Clip the norm of the gradient to this; 0: off.")
    augment: str | None = _choice(None, "Level of augmentation: random changes to the training images.", names=AUGMENT)
    flip: bool | None = _choice(None, "Mirror images left to right, every other time.")
    turn: bool | None = _choice(None, "Turn images by 0, 90, 180 or 270 degrees: for pictures without an up and down.")
    crop: bool | None = _choice(None, "Shift images, or crop them, at random.")
    rotate: bool | None = _choice(None, "Rotate, scale and shear images a little.")
    elastic: bool | None = _choice(None, "Bend images smoothly.")
    colour: bool | None = _choice(None, "Change brightness, contrast and saturation.")
    erase: bool | None = _choice(None, "Cover a random rectangle of some images.")
    expand: bool = _choice(
        False, "Show every other picture smaller, on ground of the mean colour: for boxes, where things are small too."
    )
    iou_crop: bool = _choice(
        False, "Show a patch around things, as SSD was trained, in the place of the level's own crop: for boxes."
    )
    mosaic: bool = _choice(False, "Show pieces of four pictures in each image, as YOLO v4 was trained: for boxes.")
    multi_scale: bool = _choice(
        False, "Show images of another size every 10 batches, from 3/4 to 3/2 of --image-size: for boxes."
    )
    seed: int = _choice(0, "Seed of all random numbers.")
    image_size: tuple[int, int] | None = _choice(None, "Height and width that pictures are scaled to.")
    grey: bool | None = _choice(None, "Read pictures without colour.")
    fit: str | None = _choice(
        None,
        "How pictures are brought to that size: cut (crop), out of shape (stretch), with margins (letterbox), or not "
        "(keep).",
        names=FITS,
    )
    ignore: str | None = _choice(
        None, "Values of masks that are void, so that no loss and no metric counts such pixels; none: no value is."
    )
    val_fraction: float = _choice(
        0.1, "Share of the training images used for validation, which chooses the best epoch."
    )
    cache: float = _choice(0.25, "Share of the free memory used to cache decoded pictures.")
    on_unreadable: str = _choice("refuse", "What to do with an unreadable picture.", names=ON_UNREADABLE)
    threads: int | None = _choice(None, "Threads to compute with; never changes a result.")
    backend: str = _choice("auto", "Where to compute.", names=BACKENDS)
    precision: str = _choice("fast", "How exact convolutions are; a run keeps its own.", names=PRECISIONS)
    output: str | None = _choice(None, "Folder of this run; by default the next free one under runs/.")
    exist_ok: bool = _choice(False, "Write into the output folder even if it is not empty.")

    tensorboard: bool = _choice(False, "Also write the curves for TensorBoard, into the run folder.")

    @classmethod
    def from_values(cls, values: Mapping[str, Any], source: str = "options") -> Self:
        """Options by name, `batch-size` and `batch_size` alike; an unknown name or a wrong type is a UsageError."""
        known = {f.name: f for f in fields(cls)}
        given: dict[str, Any] = {}
        for written, value in values.items():
            name = written.replace("-", "_")
            if name not in known:
                where = "option" if source == "options" else f"option in {source}"
                raise unknown_name(where, written, [name for name in known if not name.startswith("schedule_")])
            given[name] = typed(name, value, str(known[name].type), source)
        return cls(**given)

    @classmethod
    def from_toml(cls, text: str, source: str = "the configuration") -> Self:
        """Options from the text that `to_toml` writes."""
        try:
            values = plain_toml.table(text)
        except ValueError as error:
            raise UsageError(f"{source} is not valid TOML: {error!s:.200}. Lines look like: epochs = 5") from error
        return cls.from_values(values, source)

    @classmethod
    def read(cls, path: str | Path) -> Self:
        """Options from a TOML file, such as a run's config.toml."""
        try:
            text = files.read_whole(Path(path), plain_toml.LARGEST).decode("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else error
            raise UsageError(f"The configuration {path} cannot be read: {why}.") from error
        return cls.from_toml(text, str(path))

    def to_toml(self) -> str:
        """One line for each option that has a value."""
        return "".join(f"{name} = {toml(value)}\n" for name, value in self.to_record().items())

    def to_record(self) -> dict[str, Any]:
        """The options that have a value, as JSON and TOML can hold them."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        return {name: list(v) if isinstance(v, tuple) else v for name, v in values.items() if v is not None}

    def replace(self, **changes: Any) -> Self:
        """A copy with some options changed."""
        return replace(self, **changes)

    def changes(self) -> dict[str, bool]:
        """Those of CHANGES that are asked for or excluded, whatever the level says."""
        return {name: value for name in CHANGES if (value := getattr(self, name)) is not None}

    def things(self) -> tuple[str, ...]:
        """Those of THINGS that are asked for."""
        return tuple(name for name in THINGS if getattr(self, name))

    def command(self) -> str:
        """The command that repeats this run, wherever it may lie and however many threads compute it."""
        words = ["cnnkit", "train"]
        for f in fields(self):
            value = getattr(self, f.name)
            if f.name in _OUTWARD or value is None or value == f.default:
                continue
            if f.name == "model" and self._told_by_weights():
                continue
            flag = f.name.replace("_", "-")
            if isinstance(value, bool):
                words.append(f"--{flag}" if value else f"--no-{flag}")
            else:
                shown = "x".join(str(side) for side in value) if isinstance(value, tuple) else str(value)
                words += [f"--{flag}", shlex.quote(shown)]
        return " ".join(words)

    def _told_by_weights(self) -> bool:
        """Whether the network is that of a `.cfg` file which the weights hold."""
        return self.cfg is not None and self.weights is not None and not self.weights.endswith(".weights")

    def validate(self) -> Self:
        """These options, or a UsageError that names the option, its value and a right one."""
        for f in fields(self):
            value, names = getattr(self, f.name), f.metadata["names"]
            if names and value is not None and value not in names and not (f.name == "backend" and is_backend(value)):
                raise unknown_name(f.name, value, list(names))
        for name in ("output", "weights"):
            value = getattr(self, name)
            # A byte that is not UTF-8 is a surrogate in Python, which config.toml cannot hold.
            if value is not None and not value.isascii() and any("\ud800" <= letter <= "\udfff" for letter in value):
                raise UsageError(
                    f"The path {os.fsencode(value)!r} is not valid text, so a run cannot record it. "
                    f"Choose another name for --{name}, or make a link to it."
                )
        for name, low, high, right in RANGES:
            value = getattr(self, name)
            # NaN is within no range, and a whole number too long for a float is compared exactly.
            if value is not None and not low <= value <= high:
                raise UsageError(f"{name} is {value!s:.50}, expected a number from {low} to {high}, such as {right}.")
        for name, right in (("lr", 0.05), ("head_lr", 0.05), ("val_fraction", 0.1)):
            if getattr(self, name) == 0:
                raise UsageError(f"{name} is 0, expected a number above 0, such as {right}.")
        Ignore.of(self.ignore)
        if self.cfg is not None and not str(self.model).endswith(".cfg"):
            raise UsageError(f"cfg is the text of a .cfg file, but model is {self.model}. Leave cfg out.")
        ends = [f"--{name}" for name in ENDS if getattr(self, name) is not None]
        if len(ends) > 1:
            raise UsageError(
                f"{' and '.join(ends)} are both given, but they exclude each other. Leave out all but one."
            )
        if self.ema and self.lookahead:
            raise UsageError("--ema and --lookahead both average the weights. Leave out one of them.")
        if self.image_size is not None and (len(self.image_size) != 2 or min(self.image_size) < 1):
            raise UsageError(f"image_size is {self.image_size}, expected a height and a width, such as (32, 32).")
        return self
