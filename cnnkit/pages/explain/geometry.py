"""Where a number of a station looks at in what it reads: one form a station, which `look.js` turns into boxes.

form "window": a window of `kernel` that moves by `stride`, with `dilation`, from `padding` outside of the map.
form "spread": the other way round, as a transposed convolution places what it reads.
form "bins": a share of the rows and columns for each.
form "same": the number in the same place; "scaled": that place in a smaller or larger map; "shifted": moved by `begin`.
form "all": everything.
"""

from typing import Any

from cnnkit.engine.explain.station import Station

_WINDOWS = {"conv", "depthwise conv", "max pool", "average pool", "local response norm"}
_ALL = {"dense", "global max pool", "global average pool", "flatten", "reshape", "permute", "recurrent", "regions"}
_ALL |= {"best boxes", "other", "sum", "mean", "greatest", "softmax", "log softmax"}


def geometry(station: Station) -> dict[str, Any]:
    """The form of a station, with what decides it."""
    settings = station.settings
    maps = station.is_map and all(len(shape) == 3 for shape in station.inputs)
    if "bins" in settings and maps:
        (H, W, _), (OH, OW, _) = station.inputs[0], station.output
        return {"form": "bins", "scale": [H / OH, W / OW]}
    if station.kind in _WINDOWS and maps and "kernel" in settings:
        return {"form": "window", **_window(settings)}
    if station.kind == "transposed conv" and maps:
        return {"form": "spread", **_window(settings)}
    if station.kind == "resize" and maps:
        (H, W, _), (OH, OW, _) = station.inputs[0], station.output
        return {"form": "scaled", "scale": [H / OH, W / OW], "smooth": settings.get("mode") != "nearest"}
    if station.kind in ("crop", "pad") and maps:
        return {"form": "shifted", "begin": _begin(station)}
    places = station.output[:2] if station.is_map else None
    if places and station.inputs and all(len(shape) == 3 and shape[:2] == places for shape in station.inputs[:1]):
        return {"form": "same"}
    return {"form": "all"}


def _window(settings: Any) -> dict[str, Any]:
    return {
        "kernel": list(settings["kernel"]),
        "stride": list(settings.get("stride", (1, 1))),
        "dilation": list(settings.get("dilation", (1, 1))),
        "padding": list(settings.get("padding", (0, 0, 0, 0))),
    }


def _begin(station: Station) -> list[int]:
    """(down, across) of the first place of the result in what was read; below zero of what was padded."""
    if station.kind == "crop":
        return [int(n) for n in list(station.settings.get("begin", (0, 0)))[-3:-1] or (0, 0)]
    widths = list(station.settings.get("widths", ()))[-3:-1]
    return [-int(width[0]) for width in widths] or [0, 0]
