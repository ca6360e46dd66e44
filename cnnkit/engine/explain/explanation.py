"""Explanation: what a network did with a picture, and what can be asked of it."""

from collections.abc import Generator, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, final

import numpy as np

from cnnkit.data.headway import Headway
from cnnkit.data.sample import Pixels
from cnnkit.data.view.view import View
from cnnkit.engine.explain.ask import Ask, Kernel, answered, ask_kernel, ask_maps, ask_pixel, checked
from cnnkit.engine.explain.attribution import Attribution, Target
from cnnkit.engine.explain.gradients import derivatives, grad_cam, gradient
from cnnkit.engine.explain.occlusion import occlusions
from cnnkit.engine.explain.road import Spans, seen_from
from cnnkit.engine.explain.station import Station
from cnnkit.engine.explain.subject import Subject
from cnnkit.engine.explain.sum import Sum
from cnnkit.engine.explain.target import target_of
from cnnkit.engine.records.results import Prediction
from cnnkit.errors import UsageError, unknown_name
from cnnkit.kernels.shared.array import Host

# What a target may be given as.
Asked = Target | str | int | None


@final
@dataclass(frozen=True, eq=False)
class Explanation:
    """One picture on its way through a network.

    The numbers are the kernels' own, of the network as it was trained: nothing is joined or planned. Kept are the maps
    that are shown; for any other number (`pixel`, `maps`) the network computes the image once more, up to where the
    number is, and nothing of it stays. So memory is bounded by the maps that live at once in one prediction, but while
    a derivative is computed: then all that its way back needs is there.

    network, source: its name, and where its weights came from.   path: of the picture's file, if it is in one.
    task: the name of its task.
    classes: the names of all.
    picture: uint8 (height, width, C), upright, C = 1 or 3: as it was, made smaller where it is large.
    image: uint8 (H, W, C), as the network reads it.
    view: how `picture` lies in `image`; None where no place in it can be told.
    x: (H, W, C) float32, what the network is given, station IMAGE: the image, normalised, maybe with a border.
    inner: (top, left, height, width) of the image within x.
    stations: in the order of computation.
    answer: what `predict` answers, in the form of the task.
    outputs: what the network gave for the image, without the axis of the batch: (K,) logits of a classifier, (H, W, K)
    of a segmenter, (P, 6) of a detector.
    scores: (K,) float32 of a classifier; None of the others.
    winner: the target that the answer stands for: the best class, the class of most pixels, the best box; None where a
    detector found nothing.
    seconds: that it took to find all this.   notes: what the user should know.
    """

    network: str
    source: str
    path: str | None
    task: str
    classes: tuple[str, ...] = field(repr=False)
    picture: Pixels = field(repr=False)
    image: Pixels = field(repr=False)
    view: View | None
    x: Host = field(repr=False)
    inner: tuple[int, int, int, int]
    stations: tuple[Station, ...] = field(repr=False)
    answer: Any
    outputs: Host = field(repr=False)
    scores: Host | None = field(repr=False)
    winner: Target | None
    seconds: float
    notes: tuple[str, ...]
    _subject: Subject = field(repr=False)
    _spans: tuple[Spans, ...] = field(repr=False)

    @property
    def multiply_adds(self) -> int:
        """Products that are summed up, of all stations."""
        return sum(station.multiply_adds for station in self.stations)

    @property
    def parameters(self) -> int:
        return sum(station.parameters for station in self.stations)

    def within(self, layer: str) -> tuple[Station, ...]:
        """The stations of a layer, or of the layers in it.

        Raises:
            UsageError: there is none; the message names those that are near.
        """
        found = tuple(s for s in self.stations if s.layer == layer or s.layer.startswith(f"{layer}."))
        if not found:
            raise unknown_name("layer", layer, list(dict.fromkeys(s.layer for s in self.stations if s.layer)))
        return found

    def prediction(self) -> Prediction:
        """The answer as `predict` gives it, with the picture's path."""
        return Prediction(self.path, self.answer, self.network)

    def to_json(self) -> dict[str, Any]:
        """What scripts rely on: the answer and the stations, without the numbers of their maps."""
        return {
            "network": self.network,
            "source": self.source,
            "task": self.task,
            "image": list(self.x.shape),
            "parameters": self.parameters,
            "multiply_adds": self.multiply_adds,
            "seconds": self.seconds,
            "answer": self.prediction().to_json(),
            "winner": None if self.winner is None else asdict(self.winner),
            "stations": [station.to_json() for station in self.stations],
        }

    def station(self, name: str | int) -> Station:
        """By number or by name; a layer that makes several steps stands for its last.

        Raises:
            UsageError: there is none; the message names those that are near.
        """
        if isinstance(name, int):
            if not 0 <= name < len(self.stations):
                raise UsageError(f"Station {name} is asked for, but they are 0 to {len(self.stations) - 1}.")
            return self.stations[name]
        for station in self.stations:
            if station.name == name and station.layer != name:
                return station
        return self.within(name)[-1]

    def pixel(self, station: str | int, *place: int) -> Sum:
        """The arithmetic of one number: (y, x, channel) of a map, (feature,) of a vector.

        Raises:
            UsageError: there is no such station, or no such place in its result.
        """
        return self.pixels([(station, place)])[0]

    def pixels(self, asked: Iterable[tuple[str | int, tuple[int, ...]]]) -> list[Sum]:
        """The same of many (station, place), with one pass through the network for all."""
        return self.answered([ask_pixel(self.station(name), place) for name, place in asked])

    def maps(self, station: str | int, channels: Sequence[int] | None = None) -> Host:
        """(H, W, k) float32: a station's result in these channels, by default in all; (features,) of a vector.

        Raises:
            UsageError: there is no such station or channel.
        """
        found: Host = self.answered([ask_maps(self.station(station), channels)])[0]
        return found

    def kernel(self, station: str | int, channels: Sequence[int] | None = None) -> Kernel:
        """(filters, bias) of a convolution or a dense layer, for some of its output channels, by default for all.

        Filters are (KH, KW, C / groups, k) of a convolution, (KH, KW, C / groups, k) of a transposed one too, and
        (features, k) of a dense layer; bias (k,), None without.

        Raises:
            UsageError: the station has no filters, or no such channel.
        """
        found: Kernel = self.answered([ask_kernel(self.station(station), channels)])[0]
        return found

    def answered(self, asked: Sequence[Ask[Any]]) -> list[Any]:
        """The answers to questions of several kinds (`ask.py`), with one pass through the network for all."""
        return answered(self._subject, asked)

    def receptive_field(self, station: str | int, y: int, x: int) -> tuple[int, int, int, int]:
        """(top, left, bottom, right) of what a place of a map depends on, in pixels of `x`; pixel i covers i to i + 1.

        Raises:
            UsageError: the station has no map, or not this place.
        """
        told = self.station(station)
        checked(told, (y, x, 0))
        return seen_from(self._spans[told.number], told.output, y, x)

    def target(self, of: Asked = None) -> Target:
        """What is to be explained: a class by name or number, a box of a detector's answer by number; None: the winner.

        Raises:
            UsageError: there is none; the message names those that are near.
        """
        return of if isinstance(of, Target) else target_of(self._subject, self.outputs, self.answer, of)

    def grad_cam(self, target: Asked = None, *, layer: str | None = None) -> Attribution:
        """Grad-CAM: relu(Σ αc · Ac) of the maps A of a layer, αc the mean of d target / d Ac over its places.

        layer: by default the last one with a map behind which another layer still weighs its channels.
        Source: Selvaraju et al. 2017, arXiv:1610.02391, equations 1 and 2.
        """
        return grad_cam(self._subject, self.target(target), layer)

    def gradient(self, target: Asked = None) -> Attribution:
        """How much each number of the image would change the target.

        Source: Simonyan et al. 2013, arXiv:1312.6034, section 3.1.
        """
        return gradient(self._subject, self.target(target))

    def derivatives(
        self, target: Asked = None, *, layer: str | None = None
    ) -> tuple[Attribution | None, Attribution | None]:
        """(Grad-CAM, gradient) of one target, by one pass there and back for both; None of what the network has not."""
        return derivatives(self._subject, self.target(target), layer)

    def occlusion(self, target: Asked = None, *, square: int | None = None, step: int | None = None) -> Attribution:
        """How much the target falls where a square of the image is covered with the mean of the network's data.

        square, step: the side of a square, and how far squares are apart, in pixels; None chooses by the work: about
        200 predictions of a small network, 16 at least.
        Source: Zeiler & Fergus 2013, arXiv:1311.2901, section 4.2.
        """
        passes = self.occlusions([target], square=square, step=step)
        while True:
            try:
                next(passes)
            except StopIteration as end:
                found: list[Attribution] = end.value
                return found[0]

    def occlusions(
        self, targets: Sequence[Asked], *, square: int | None = None, step: int | None = None
    ) -> Generator[Headway, None, list[Attribution]]:
        """The same of several targets by the same passes; it yields how many of the covered images are computed."""
        asked = [self.target(target) for target in targets]
        return occlusions(self._subject, self.outputs, asked, self.multiply_adds, square, step)

    def over_picture(self, values: Host) -> Host | None:
        """(height, width) float32 of `picture`: an array (H, W) over the image, NaN where the network saw nothing.

        None where no place of the picture can be told.
        """
        if self.view is None:
            return None
        (height, width), (H, W) = self.view.size, values.shape
        y = (np.arange(height) + 0.5) * self.view.scale[0] + self.view.offset[0]
        x = (np.arange(width) + 0.5) * self.view.scale[1] + self.view.offset[1]
        rows, columns = np.floor(y).astype(int), np.floor(x).astype(int)
        seen = ((rows >= 0) & (rows < H))[:, None] & ((columns >= 0) & (columns < W))
        found = values[np.clip(rows, 0, H - 1)][:, np.clip(columns, 0, W - 1)]
        return np.where(seen, found, np.nan).astype(np.float32)
