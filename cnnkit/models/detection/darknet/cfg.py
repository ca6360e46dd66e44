"""A darknet `.cfg` text becomes records. Sections and keys that are not listed here are refused, with their line.

    [net]               of the image, and darknet's own options of training, which are passed over
    width=416

    [convolutional]     # one layer after the other
    filters=32

Every number is bounded where it is read, so that no text asks for more than a network could want.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

from cnnkit.errors import DataError
from cnnkit.models.detection.darknet.sections import (
    ACTIVATIONS,
    Connected,
    Convolutional,
    Detection,
    Dropout,
    Local,
    MaxPool,
    Net,
    Pairs,
    Region,
    Reorg,
    Route,
    Section,
    Shortcut,
    Upsample,
    Yolo,
)
from cnnkit.serialize import files

# The longest published one has 40 kB and 400 layers; a run keeps the text.
_LARGEST = 2**17
MOST_LAYERS = 1000
_MOST_DIGITS = 12
_MOST_NUMBERS = 200

Cfg = tuple[Net, tuple[Section, ...]]
_Read = Callable[[str], Any]


def read_cfg(path: Path) -> Cfg:
    """The image and the layers of a `.cfg` file.

    Raises:
        DataError: it cannot be read, or is not such a text; with the line.
    """
    return parsed(read_text(path), str(path))


def read_text(path: Path) -> str:
    """What a `.cfg` file says.

    Raises:
        DataError: it cannot be read, or is no text.
    """
    try:
        return files.read_whole(path, _LARGEST).decode()
    except FileNotFoundError as error:
        raise DataError(f"There is no file {path}. Give a .cfg file of darknet.") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is no text, so no .cfg file of darknet.") from error
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from error


def parsed(text: str, name: str = "the cfg") -> Cfg:
    """The image and the layers of such a text.   name: what to call it in a message.

    Raises:
        DataError: with the line.
    """
    try:
        if len(text) > _LARGEST:
            raise ValueError(f"it has {len(text):,} letters, expected at most {_LARGEST:,}")
        sections = [_record(block) for block in _blocks(text)]
        net, *layers = sections or [Section()]
        if not isinstance(net, Net):
            raise ValueError("expected it to begin with the section [net]")
        for layer in layers:
            if isinstance(layer, Net):
                raise ValueError(f"line {layer.line}: [net] is there twice, expected once")
        if not 1 <= len(layers) <= MOST_LAYERS:
            raise ValueError(f"it has {len(layers):,} layers, expected 1 to {MOST_LAYERS:,}")
    except ValueError as error:
        raise DataError(f"{name} is no network that cnnkit can build: {error}.") from error
    return net, tuple(layers)


def _whole(least: int, most: int) -> _Read:
    def read(text: str) -> int:
        if not re.fullmatch(rf"[+-]?[0-9]{{1,{_MOST_DIGITS}}}", text) or not least <= int(text) <= most:
            raise ValueError(f"a whole number from {least:,} to {most:,}")
        return int(text)

    return read


def _real(least: float, most: float) -> _Read:
    def read(text: str) -> float:
        plain = re.fullmatch(
            rf"[+-]?([0-9]{{1,{_MOST_DIGITS}}}\.?[0-9]{{0,20}}|\.[0-9]{{1,20}})(e[+-]?[0-9]{{1,2}})?", text
        )
        if plain is None or not least <= float(text) <= most:
            raise ValueError(f"a number from {least:g} to {most:g}")
        return float(text)

    return read


def _yes(text: str) -> bool:
    return bool(_whole(0, 1)(text))


def _word(*known: str) -> _Read:
    def read(text: str) -> str:
        if text not in known:
            raise ValueError(f"one of {', '.join(known)}")
        return text

    return read


def _several(one: _Read) -> _Read:
    def read(text: str) -> tuple[Any, ...]:
        parts = text.rstrip(",").split(",")
        if len(parts) > _MOST_NUMBERS:
            raise ValueError(f"at most {_MOST_NUMBERS} numbers")
        return tuple(one(part) for part in parts)

    return read


def _pairs(text: str) -> Pairs:
    numbers = _several(_real(1e-3, 1e4))(text)
    if len(numbers) % 2:
        raise ValueError("pairs of width and height")
    return tuple(zip(numbers[::2], numbers[1::2], strict=True))


_SIDE, _CHANNELS, _LAYER = _whole(1, 8192), _whole(1, 65536), _whole(-MOST_LAYERS, MOST_LAYERS)
_ACTIVATION = _word(*ACTIVATIONS)
_CELLS: dict[str, _Read] = {"num": _whole(1, 100), "classes": _whole(1, 10_000)}
_HEAD = _CELLS | {"anchors": _pairs}
_SQUARES: dict[str, _Read] = {
    "softmax": _yes,
    "rescore": _yes,
    "coord_scale": _real(0, 1000),
    "object_scale": _real(0, 1000),
    "noobject_scale": _real(0, 1000),
    "class_scale": _real(0, 1000),
    "coords": _whole(4, 4),
}

# What each kind of section may say, and how it is read.
_KEYS: dict[type[Section], dict[str, _Read]] = {
    Net: {"width": _SIDE, "height": _SIDE, "channels": _whole(1, 4)},
    Convolutional: {
        "filters": _CHANNELS,
        "size": _whole(1, 63),
        "stride": _whole(1, 63),
        "pad": _yes,
        "padding": _whole(0, 63),
        "groups": _CHANNELS,
        "batch_normalize": _yes,
        "activation": _ACTIVATION,
    },
    Connected: {"output": _whole(1, 10**6), "activation": _ACTIVATION},
    Local: {
        "filters": _CHANNELS,
        "size": _whole(1, 63),
        "stride": _whole(1, 63),
        "pad": _yes,
        "activation": _ACTIVATION,
    },
    MaxPool: {"stride": _whole(1, 63), "size": _whole(1, 63), "padding": _whole(0, 62)},
    Route: {"layers": _several(_LAYER), "groups": _CHANNELS, "group_id": _whole(0, 65535)},
    Shortcut: {"from": _LAYER, "activation": _ACTIVATION},
    Upsample: {"stride": _whole(1, 64)},
    Reorg: {"stride": _whole(1, 64)},
    Dropout: {"probability": _real(0, 0.99)},
    Yolo: _HEAD | {"mask": _several(_whole(0, 99)), "scale_x_y": _real(1, 2), "ignore_thresh": _real(0, 1)},
    Region: _HEAD | _SQUARES | {"thresh": _real(0, 1)},
    Detection: _CELLS | _SQUARES | {"side": _whole(1, 1000), "sqrt": _yes},
}
# What is for darknet's own training, and changes nothing in what a network computes.
_PASSED_OVER: dict[type[Section], str] = {
    Net: "batch subdivisions momentum decay angle saturation exposure hue aspect learning_rate burn_in max_batches "
    "policy steps scales step scale gamma power max_crop min_crop crop flip blur mosaic mixup cutmix letter_box "
    "time_steps adam optimized_memory workspace_size_limit_MB label_smooth_eps max_chart_loss ema_alpha",
    Convolutional: "stopbackward",
    Dropout: "dropblock dropblock_size_rel dropblock_size_abs",
    Yolo: "jitter truth_thresh random iou_thresh iou_loss iou_normalizer cls_normalizer obj_normalizer "
    "delta_normalizer nms_kind beta_nms max max_delta resize focal_loss label_smooth_eps objectness_smooth",
    Region: "bias_match jitter absolute random max",
    Detection: "jitter random max",
}
_TITLES: dict[str, type[Section]] = {kind.__name__.lower(): kind for kind in _KEYS} | {
    "network": Net,
    "conv": Convolutional,
}


@final
@dataclass(frozen=True)
class _Block:
    """A section as it stands there: its title, and (line, value) of each key."""

    line: int
    title: str
    values: dict[str, tuple[int, str]]


def _blocks(text: str) -> Iterator[_Block]:
    block: _Block | None = None
    for number, whole in enumerate(text.splitlines(), 1):
        line = re.split("[#;]", whole, maxsplit=1)[0].strip()
        if not line:
            continue
        if line.startswith("["):
            if block is not None:
                yield block
            block = _Block(number, line.removeprefix("[").removesuffix("]").strip(), {})
            continue
        key, equals, value = line.partition("=")
        key, value = key.strip(), re.sub(r"\s", "", value)
        if not equals or block is None:
            raise ValueError(f"line {number} is {line!r:.60}, expected [section], or key=value below one")
        if key in block.values:
            raise ValueError(f"line {number}: [{block.title:.40}] says {key!r:.40} twice, expected once")
        block.values[key] = (number, value)
    if block is not None:
        yield block


def _record(block: _Block) -> Section:
    kind = _TITLES.get(block.title)
    if kind is None:
        known = ", ".join(title for title in _TITLES)
        raise ValueError(f"line {block.line}: there is no section [{block.title:.40}] here. Known: {known}")
    fields = {}
    for key, (line, value) in block.values.items():
        if key in _PASSED_OVER.get(kind, "").split():
            continue
        if key not in _KEYS[kind]:
            known = ", ".join(_KEYS[kind])
            raise ValueError(f"line {line}: [{block.title}] has the key {key!r:.40}, which is not known here: {known}")
        try:
            fields["source" if key == "from" else key] = _KEYS[kind][key](value)
        except ValueError as error:
            raise ValueError(f"line {line}: [{block.title}] has {key}={value:.60}, expected {error}") from None
    fields.pop("coords", None)
    return kind(line=block.line, **fields)
