"""The filters of the first layer: the first station on the road that has filters and reads the image."""

from typing import Any

import numpy as np

from cnnkit.engine.explain.explanation import Explanation
from cnnkit.engine.explain.station import IMAGE
from cnnkit.pages.draw.data import png
from cnnkit.pages.draw.filters import filter_pictures

# Larger networks have up to 96; more would be a wall. And so many numbers: filters as large as the image are a page.
MOST, MOST_NUMBERS = 128, 200_000


def first_filters(explanation: Explanation) -> dict[str, Any] | None:
    """{"name", "files", "shape", "colour"}, or None where no layer of filters reads the image."""
    for station in explanation.stations:
        if station.kind == "conv" and station.reads[:1] == (IMAGE,):
            filters = np.asarray(explanation.kernel(station.number)[0])
            filters = filters[..., : min(MOST, max(1, MOST_NUMBERS // filters[..., 0].size))]
            files = [png(picture) for picture in filter_pictures(filters)]
            return {"name": station.name, "files": files, "shape": filters.shape, "colour": filters.shape[2] == 3}
    return None
