"""Stations in words: what each is, what it does in one sentence, its shapes and what it costs."""

from collections.abc import Sequence
from typing import Any

from cnnkit.engine.explain.station import IMAGE, Station
from cnnkit.pages.texts import Texts

_ACTIVATIONS = {
    "relu": "ReLU",
    "relu6": "ReLU6",
    "leaky_relu": "Leaky ReLU",
    "sigmoid": "sigmoid",
    "tanh": "tanh",
    "swish": "Swish",
    "hard_swish": "Hard Swish",
    "hard_sigmoid": "hard sigmoid",
}


def shape_of(shape: Sequence[int]) -> str:
    """26×26×32."""
    return "×".join(map(str, shape)) or "1"


def milliseconds(ms: float) -> str:
    """Three digits, but whole: 0.0123, 95.7, 2,380."""
    return f"{ms:.3g}" if ms < 1000 else f"{ms:,.0f}"


def activation_name(activation: str | None) -> str:
    return "" if activation is None else _ACTIVATIONS.get(activation, activation)


def title(station: Station, texts: Texts) -> str:
    """What a station is, in a few words: "Convolution 3×3, 32 filters → ReLU"."""
    words = texts(f"explain.kind.{_key(station)}.title", **_places(station, texts))
    ended = station.kind != "activation" and station.activation
    return f"{words} → {activation_name(station.activation)}" if ended else words


def sentence(station: Station, texts: Texts) -> str:
    """What it does, with what follows from its settings."""
    places = _places(station, texts)
    words = [texts(f"explain.kind.{_key(station)}.does", **places)]
    settings = station.settings
    if settings.get("bias"):
        words.append(texts("explain.settings.bias"))
    if "kernel" in settings:
        if tuple(settings.get("stride", (1, 1))) != (1, 1):
            words.append(texts("explain.settings.stride", **places))
        if any(settings.get("padding", ())):
            words.append(texts("explain.settings.padding", **places))
        if tuple(settings.get("dilation", (1, 1))) != (1, 1):
            words.append(texts("explain.settings.dilation", **places))
    if station.kind == "conv" and int(settings.get("groups", 1)) > 1:
        words.append(texts("explain.settings.groups", **places))
    if settings.get("residual") and station.kind in ("conv", "depthwise conv", "batch norm"):
        words.append(texts("explain.settings.residual"))
    if station.activation and station.kind != "activation":
        words.append(activation_sentence(station, texts))
    return " ".join(words)


def activation_sentence(station: Station, texts: Texts) -> str:
    key = f"explain.activation.{station.activation}"
    return texts(key if key in texts else "explain.activation.other", name=activation_name(station.activation))


def station_facts(station: Station, texts: Texts) -> dict[str, Any]:
    """What template and script are told of a station, without numbers of its maps."""
    return {
        "number": station.number,
        "name": station.name,
        "kind": station.kind,
        "title": title(station, texts),
        "sentence": sentence(station, texts),
        "reads": list(station.reads),
        "inputs": [list(shape) for shape in station.inputs],
        "output": list(station.output),
        "shape": shape_of(station.output),
        "from": " + ".join(dict.fromkeys(shape_of(shape) for shape in station.inputs)),
        "activation": activation_name(station.activation),
        "parameters": station.parameters,
        "multiply_adds": station.multiply_adds,
        "ms": station.ms,
        "field": None if station.receptive_field is None else list(station.receptive_field),
        "padding_zero": station.kind not in ("max pool",),
    }


def _key(station: Station) -> str:
    if station.kind == "activation":
        return "activation"
    return station.kind.replace(" ", "_")


def _places(station: Station, texts: Texts) -> dict[str, Any]:
    """What may be filled into the words of a kind."""
    settings = station.settings
    padding = [int(n) for n in settings.get("padding", (0, 0, 0, 0))]
    first = station.inputs[0] if station.inputs else ()
    return {
        "kernel": "×".join(map(str, settings.get("kernel", ()))),
        "stride": _pair(settings.get("stride", (1, 1))),
        "dilation": _pair(settings.get("dilation", (1, 1))),
        "padding": str(padding[0]) if len(set(padding)) == 1 else ", ".join(map(str, padding)),
        "groups": settings.get("groups", 1),
        "filters": settings.get("filters", station.output[-1] if station.output else 1),
        "before": shape_of(first),
        "after": shape_of(station.output),
        "inputs": len(station.reads),
        "name": activation_name(station.activation),
        "does": activation_sentence(station, texts) if station.kind == "activation" else "",
        "from_image": texts("explain.image") if IMAGE in station.reads else "",
    }


def _pair(pair: Any) -> str:
    """2 of (2, 2), else 2×1."""
    down, across = pair
    return str(down) if down == across else f"{down}×{across}"
