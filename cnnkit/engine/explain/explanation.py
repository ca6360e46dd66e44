"""Explanation: what a network did with a picture, and what can be asked of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, final

from cnnkit.data.sample import Pixels
from cnnkit.data.view.view import View
from cnnkit.engine.explain.attribution import Attribution, Target
from cnnkit.engine.explain.station import Station
from cnnkit.engine.explain.sum import Sum
from cnnkit.kernels.shared.array import Host


@final
@dataclass(frozen=True, eq=False)
class Explanation:
    """One picture on its way through a network.

    The numbers are the kernels' own, of the network as it was trained: nothing is joined or planned. Kept are the maps
    that are shown; for any other number (`pixel`, `maps`) the network computes the image once more, up to where the
    number is, and nothing of it stays. So memory is bounded by the maps that live at once in one prediction.

    network, source: its name, and where its weights came from.   task: the name of its task.
    classes: the names of all.
    picture: uint8 (height, width, C), upright, C = 1 or 3: as it was, made smaller where it is large.
    image: uint8 (H, W, C), as the network reads it.   x: (H, W, C) float32, the same normalised: station IMAGE.
    view: how `picture` lies in `image`; None where no place in it can be told.
    stations: in the order of computation.
    answer: what `predict` answers, in the form of the task.
    logits: (K,) float32, or (H, W, K) of a segmenter; None of a detector.
    scores: (K,) float32 of a classifier; None of the others.
    winner: the target that the answer stands for: the best class, the class of most pixels, the best box; None where a
    detector found nothing.
    seconds: that it took to find all this.   notes: what the user should know.
    """

    network: str
    source: str
    task: str
    classes: tuple[str, ...] = field(repr=False)
    picture: Pixels = field(repr=False)
    image: Pixels = field(repr=False)
    x: Host = field(repr=False)
    view: View | None
    stations: tuple[Station, ...] = field(repr=False)
    answer: Any
    logits: Host | None = field(repr=False)
    scores: Host | None = field(repr=False)
    winner: Target | None
    seconds: float
    notes: tuple[str, ...] = ()

    def station(self, name: str | int) -> Station:
        """By number or by name; a layer that makes several steps stands for its last.

        Raises:
            UsageError: there is none; the message names those that are near.
        """
        raise NotImplementedError

    def pixel(self, station: str | int, *place: int) -> Sum:
        """The arithmetic of one number: (y, x, channel) of a map, (feature,) of a vector."""
        raise NotImplementedError

    def pixels(self, asked: Iterable[tuple[int, tuple[int, ...]]]) -> list[Sum]:
        """The same of many (station, place), with one pass through the network for all."""
        raise NotImplementedError

    def maps(self, station: str | int, channels: Sequence[int] | None = None) -> Host:
        """(H, W, k) float32: a station's result in these channels, by default in all; (features,) of a vector."""
        raise NotImplementedError

    def kernel(self, station: str | int, channels: Sequence[int] | None = None) -> tuple[Host, Host | None]:
        """(filters, bias) of a convolution or a dense layer, for some of its output channels, by default for all.

        Filters are (KH, KW, C / groups, k) of a convolution, (KH, KW, C, k) of a transposed one (those of the group
        alone are not 0), (features, k) of a dense layer; bias (k,), None without.
        """
        raise NotImplementedError

    def receptive_field(self, station: str | int, y: int, x: int) -> tuple[int, int, int, int]:
        """(top, left, bottom, right) of what a place of a map depends on, in pixels of the image; pixel i covers i to
        i + 1."""
        raise NotImplementedError

    def target(self, of: str | int | None = None) -> Target:
        """What is to be explained: a class by name or number, a box of a detector's answer by number; None: the
        winner."""
        raise NotImplementedError

    def grad_cam(self, target: Target | str | int | None = None, *, layer: str | None = None) -> Attribution:
        """Grad-CAM: relu(Σ αc·Ac) of the maps A of a layer, αc the mean of d target / d Ac over its places.

        layer: by default the last one with a map before the class scores.
        Source: Selvaraju et al. 2017, arXiv:1610.02391, equations 1 and 2.
        """
        raise NotImplementedError

    def gradient(self, target: Target | str | int | None = None) -> Attribution:
        """How much each number of the image would change the target.

        Source: Simonyan et al. 2013, arXiv:1312.6034, section 3.1.
        """
        raise NotImplementedError

    def occlusion(
        self, target: Target | str | int | None = None, *, square: int | None = None, step: int | None = None
    ) -> Attribution:
        """How much the target falls where a square of the image is covered with its mean colour.

        Source: Zeiler & Fergus 2013, arXiv:1311.2901, section 4.2.
        """
        raise NotImplementedError

    def over_picture(self, values: Host) -> Host:
        """(height, width) float32 of `picture`: an array (H, W) over the image, NaN where the network saw nothing."""
        raise NotImplementedError
