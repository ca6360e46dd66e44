"""Explanation: what a network did with a picture, and what can be asked of it."""

from collections.abc import Generator, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, final

import numpy as np

from cnnkit.data.headway import Headway
from cnnkit.data.sample import Pixels
from cnnkit.data.view.view import View
from cnnkit.engine.explain.arithmetic.sum_of import sum_of
from cnnkit.engine.explain.attribution import Attribution, Target
from cnnkit.engine.explain.gradients import grad_cam, gradient
from cnnkit.engine.explain.occlusion import occlusions
from cnnkit.engine.explain.road import Spans, seen_from, shape_of
from cnnkit.engine.explain.station import Station
from cnnkit.engine.explain.subject import Subject
from cnnkit.engine.explain.sum import Sum
from cnnkit.engine.explain.target import target_of
from cnnkit.engine.explain.walk import Enough, Step, walk
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
        wanted: dict[int, list[tuple[int, tuple[int, ...]]]] = {}
        for number, (name, place) in enumerate(asked):
            station = self.station(name)
            wanted.setdefault(station.number, []).append((number, _checked(station, place)))
        found: dict[int, Sum] = {}

        def look(step: Step) -> None:
            for number, place in wanted.get(step.number, ()):
                found[number] = sum_of(step, place)
            if step.number >= max(wanted):
                raise Enough

        if wanted:
            self._walk(look)
        return [found[number] for number in sorted(found)]

    def maps(self, station: str | int, channels: Sequence[int] | None = None) -> Host:
        """(H, W, k) float32: a station's result in these channels, by default in all; (features,) of a vector.

        Raises:
            UsageError: there is no such station or channel.
        """
        told = self.station(station)
        found: list[Host] = []

        def look(step: Step) -> None:
            if step.number == told.number:
                array = step.result.numpy()
                y = array.reshape(shape_of(array.shape))
                found.append(np.array(y if channels is None else y[..., _channels(told, channels)]))
                raise Enough

        self._walk(look)
        return found[0]

    def kernel(self, station: str | int, channels: Sequence[int] | None = None) -> tuple[Host, Host | None]:
        """(filters, bias) of a convolution or a dense layer, for some of its output channels, by default for all.

        Filters are (KH, KW, C / groups, k) of a convolution, (KH, KW, C / groups, k) of a transposed one too, and
        (features, k) of a dense layer; bias (k,), None without.

        Raises:
            UsageError: the station has no filters, or no such channel.
        """
        told = self.station(station)
        found: list[tuple[Host, Host | None]] = []

        def look(step: Step) -> None:
            if step.number == told.number:
                found.append(_filters(step, told, channels))
                raise Enough

        self._walk(look)
        return found[0]

    def receptive_field(self, station: str | int, y: int, x: int) -> tuple[int, int, int, int]:
        """(top, left, bottom, right) of what a place of a map depends on, in pixels of `x`; pixel i covers i to i + 1.

        Raises:
            UsageError: the station has no map, or not this place.
        """
        told = self.station(station)
        _checked(told, (y, x, 0))
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

    def occlusion(self, target: Asked = None, *, square: int | None = None, step: int | None = None) -> Attribution:
        """How much the target falls where a square of the image is covered with the mean of the network's data.

        square, step: the side of a square, and how far squares are apart, in pixels; None chooses by the work: about
        200 predictions of a small network, 49 of a large one, no matter how long these take.
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

    def _walk(self, each: Any) -> None:
        walk(self._subject.module, self._subject.x, each, self._subject.beside, scored=self._subject.scored)


def _checked(station: Station, place: tuple[int, ...]) -> tuple[int, ...]:
    """The place; UsageError where the station's result has it not."""
    fits = len(place) == len(station.output)
    if not fits or not all(0 <= at < size for at, size in zip(place, station.output, strict=True)):
        axes = {1: "(feature)", 3: "(y, x, channel)"}.get(len(station.output), f"{len(station.output)} numbers")
        raise UsageError(
            f"{station.name} has a result of shape {station.output}: a place in it is {axes}, each from 0 on, but "
            f"{tuple(place)} is asked for."
        )
    return tuple(int(at) for at in place)


def _channels(station: Station, channels: Sequence[int]) -> list[int]:
    many = station.output[-1] if station.output else 0
    if wrong := [channel for channel in channels if not 0 <= channel < many]:
        raise UsageError(f"{station.name} has channels 0 to {many - 1}, but {wrong[0]} is asked for.")
    return [int(channel) for channel in channels]


def _filters(step: Step, station: Station, channels: Sequence[int] | None) -> tuple[Host, Host | None]:
    if step.name not in ("_Conv2d", "_ConvTranspose2d", "Linear"):
        raise UsageError(f"{station.name} is of kind {station.kind} and has no filters.")
    weight = step.array(1)
    kept = list(range(station.output[-1])) if channels is None else _channels(station, channels)
    bias = None if step.args[2] is None else np.array(step.array(2)[kept])
    if step.name == "_ConvTranspose2d":
        each, groups = weight.shape[2], step.args[5]
        C = weight.shape[3] // groups
        parts = [weight[:, :, o % each, o // each * C : (o // each + 1) * C] for o in kept]
        return np.stack(parts, axis=-1), bias
    return np.array(weight[..., kept]), bias
