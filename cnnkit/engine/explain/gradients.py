"""What mattered, by derivatives: of the image's numbers, and Grad-CAM over the maps of a layer."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from cnnkit import ops
from cnnkit.autograd import Context, Function, Tensor, noting
from cnnkit.autograd.tape import recorded
from cnnkit.engine.explain.attribution import Attribution, Target
from cnnkit.engine.explain.subject import Subject
from cnnkit.engine.explain.target import pixels_of_class, row_of_box
from cnnkit.errors import UsageError, unknown_name
from cnnkit.kernels.shared.array import Array, Host
from cnnkit.nn import Module, Parameter
from cnnkit.nn.module import standing_in
from cnnkit.nn.outputs import Nest

# Functions by which a layer mixes channels with what it has learned.
_WEIGHTED = ("_Conv2d", "_ConvTranspose2d", "Linear")
# Parameters rest meanwhile, which others who explain the same network must not see halfway.
_resting = threading.RLock()


def gradient(subject: Subject, target: Target) -> Attribution:
    """|d target / d x|, of the channels the greatest."""
    with _recorded(subject) as run:
        tensor, seed = run.seed(target)
        tensor.backward(seed)
        return _by_the_image(run, target)


def grad_cam(subject: Subject, target: Target, layer: str | None) -> Attribution:
    """relu(Σ αc · Ac), αc the mean of d target / d Ac over the places of the map.

    layer: None is the last with a map behind which a layer still weighs channels, so that the map is no score itself.
    """
    _check_layer(subject, layer)
    with _recorded(subject, layer, stops=True) as run:
        tensor, seed = run.seed(target)
        run.choose(tensor, layer)
        with suppress(_Caught):
            tensor.backward(seed)
        if run.caught is None:
            where = "a layer with a map" if layer is None else f"the map of the layer {layer!r}"
            raise UsageError(f"{target.label}: the score does not depend on {where} by a derivative. Name another one.")
        return _by_the_map(run, target)


def derivatives(subject: Subject, target: Target, layer: str | None) -> tuple[Attribution | None, Attribution | None]:
    """(Grad-CAM, gradient) by one way back, which passes by the map on its way to the image.

    None stands for what the network has not: a map that the score depends on, or a derivative at all.
    """
    _check_layer(subject, layer)
    try:
        with _recorded(subject, layer) as run:
            tensor, seed = run.seed(target)
            run.choose(tensor, layer)
            tensor.backward(seed)
            return None if run.caught is None else _by_the_map(run, target), _by_the_image(run, target)
    except UsageError:
        return None, None


def _check_layer(subject: Subject, layer: str | None) -> None:
    known = [name for name, _ in subject.module.named_modules() if name]
    if layer is not None and layer not in known:
        raise unknown_name("layer", layer, known)


def _by_the_image(run: "_Run", target: Target) -> Attribution:
    assert run.x.grad is not None
    signed = np.array(run.subject.cut(Tensor(run.x.grad).numpy()[0]), np.float32)
    return Attribution("gradient", target, np.abs(signed).max(axis=-1), signed, None, {})


def _by_the_map(run: "_Run", target: Target) -> Attribution:
    assert run.caught is not None
    subject, (name, maps, slope) = run.subject, run.caught
    small = np.maximum((maps * slope.mean(axis=(0, 1), dtype=np.float64)).sum(axis=-1), 0).astype(np.float32)
    height, width = subject.x.shape[1:3]
    large = ops.resize(Tensor(small[None, :, :, None]), (height, width)).numpy()[0, :, :, 0]
    return Attribution("grad_cam", target, np.array(subject.cut(large)), small, name, {})


class _Caught(Exception):  # noqa: N818 - no fault: the way back need go no further
    pass


class _Listen(Function):
    """Its argument as it is; on the way back the gradient is told."""

    @staticmethod
    def forward(ctx: Context, x: Array, tell: Callable[[Array], None]) -> Array:
        ctx.save(tell)
        return x

    @staticmethod
    def backward(ctx: Context, dy: Array) -> tuple[Any, ...]:
        ctx.saved[0](dy)
        return dy, None


class _Run:
    """One forward pass with a tape.   x: what was given.   result: what came.

    caught: (layer, its map, the gradient): of the last map whose gradient is not 0, of the last one where all are.
    layer: whose map is listened to; "" for none, None for all.
    stops: whether the way back ends where such a gradient is caught.
    """

    def __init__(self, subject: Subject, layer: str | None, *, stops: bool) -> None:
        self.subject, self.layer, self.stops = subject, layer, stops
        self.x = Tensor(subject.x, requires_grad=True)
        self.caught: tuple[str, Host, Host] | None = None
        self.result: Any = None
        self._names = {id(module): name for name, module in subject.module.named_modules()}
        self._numbers: WeakKeyDictionary[Tensor, int] = WeakKeyDictionary({self.x: 0})
        self._count = 0
        # (numbers of what a call read, of what it gave, whether it weighs channels)
        self._calls: list[tuple[list[int], int, bool]] = []
        self._last_boxes: tuple[Tensor, Tensor, Tensor] | None = None
        # Numbers of the maps that are listened to, with their layers; and of those that may be caught.
        self._listened: dict[int, str] = {}
        self._waiting: set[int] = set()

    def note(self, noted: tuple[type[Function], tuple[Any, ...], Any]) -> None:
        function, args, result = noted
        if function.__name__ == "_Select":
            self._last_boxes = (args[0], args[1], result)
        read = [self._numbers[arg] for arg in args if isinstance(arg, Tensor) and arg in self._numbers]
        weighs = function.__name__ in _WEIGHTED and any(isinstance(arg, Parameter) for arg in args)
        for y in result if isinstance(result, tuple) else (result,):
            self._count += 1
            self._numbers[y] = self._count
            self._calls.append((read, self._count, weighs))

    def stand_in(self, module: Module, x: Nest, *rest: Any, method: str = "forward", **options: Any) -> Nest:
        """The module's own result; one that is a map of the image is listened to."""
        if method != "forward":
            return None
        y = module.forward(x, *rest, **options)
        name = self._names.get(id(module), "")
        if not name or not _is_map(y) or (self.layer is not None and name != self.layer):
            return y
        return self._listening(name, y)

    def _listening(self, name: str, y: Tensor) -> Tensor:
        heard: Tensor
        number = self._count + 1  # of what is about to be noted

        def tell(dy: Array) -> None:
            if number not in self._waiting:
                return
            slope = Tensor(dy).numpy()[0]
            if self.caught is None or np.any(slope):
                self.caught = (name, np.array(y.numpy()[0]), np.array(slope))
            if np.any(slope):
                self._waiting = set()
                if self.stops:
                    raise _Caught

        heard = _Listen.apply(y, tell)
        self._listened[number] = name
        return heard

    def choose(self, target: Tensor, layer: str | None) -> None:
        """Which maps may be caught: the last call of the layer; else those behind which channels are weighed."""
        if layer is not None:
            self._waiting = set(sorted(self._listened)[-1:])
            return
        weighed: dict[int, bool] = {self._numbers[target]: False}
        for read, gave, weighs in reversed(self._calls):
            if gave in weighed:
                for number in read:
                    weighed[number] = weighed.get(number, False) or weighed[gave] or weighs
        self._waiting = {number for number in self._listened if weighed.get(number, False)}

    def seed(self, target: Target) -> tuple[Tensor, Host]:
        """(a result of the network, by which numbers its own add up to the target)."""
        y = self.result
        if target.kind == "box":
            return self._seed_of_box(target)
        if not isinstance(y, Tensor) or not y.requires_grad:
            raise UsageError("What this network gives has no derivative by its image. Occlusion maps need none.")
        seed = np.zeros(y.shape, np.float32)
        if target.kind == "class":
            seed[0, target.index] = 1
            return y, seed
        outputs = y.numpy()[0, : self.subject.size[0], : self.subject.size[1]]
        height, width = self.subject.inner[2:]
        mine = pixels_of_class(outputs[:height, :width], target.index)
        seed[0, :height, :width, target.index] = mine
        return y, seed

    def _seed_of_box(self, target: Target) -> tuple[Tensor, Host]:
        if self._last_boxes is None or not self._last_boxes[1].requires_grad:
            raise UsageError(
                "The scores of this detector's boxes have no derivative by the image. Occlusion maps need none."
            )
        boxes, scores, found = self._last_boxes
        row = found.numpy()[0][row_of_box(found.numpy()[0], target)]
        k = target.index
        mine = boxes.numpy()[0] if boxes.ndim == 3 else boxes.numpy()[0, :, k]
        away = np.abs(mine - row[:4]).max(axis=-1) + np.abs(scores.numpy()[0, :, k] - row[4])
        seed = np.zeros(scores.shape, np.float32)
        seed[0, int(np.argmin(away)), k] = 1
        return scores, seed


@contextmanager
def _recorded(subject: Subject, layer: str | None = "", *, stops: bool = False) -> Iterator[_Run]:
    """A forward pass of the network in use, with a tape from the image on; its parameters get no gradient."""
    run = _Run(subject, layer, stops=stops)
    with _resting:
        learned = [(parameter, parameter.requires_grad) for parameter in subject.module.parameters()]
        try:
            for parameter, _ in learned:
                parameter.requires_grad = False
            with subject.module.keeping_modes(), recorded():
                subject.module.eval()
                with standing_in(run.stand_in), noting(run.note):
                    run.result = subject.module(run.x, *subject.beside)
                yield run
        finally:
            for parameter, before in learned:
                parameter.requires_grad = before


def _is_map(y: Nest) -> bool:
    """Whether a result is one map of more than one place, with a tape."""
    return isinstance(y, Tensor) and y.ndim == 4 and y.shape[0] == 1 and y.shape[1] * y.shape[2] > 1 and y.requires_grad
