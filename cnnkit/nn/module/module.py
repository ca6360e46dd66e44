"""Module: parameters, buffers and children under names, and what is done with all of them."""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import wraps
from typing import Any, Protocol, Self, TypeGuard, TypeVar, cast

from cnnkit import kernels
from cnnkit.autograd import Tensor, no_grad
from cnnkit.errors import ShapeError
from cnnkit.kernels.shared.array import Array, Host
from cnnkit.nn.module.names import check_names, join
from cnnkit.nn.module.parameter import Parameter
from cnnkit.nn.outputs import Nest, checked, is_shape, leaves, mapped, shapes


class _Watch(threading.local):
    call: "Callable[[Module, Nest, Nest], None] | None" = None
    stand_in: "Callable[..., Nest] | None" = None


_watch = _Watch()
_Kind = TypeVar("_Kind", bound="Module")
_Method = TypeVar("_Method", bound=Callable[..., Any])
_Result = TypeVar("_Result", covariant=True)


class _Forward(Protocol[_Result]):
    """What has a `forward`: calling it gives what that gives, to whoever checks types."""

    @property
    def forward(self) -> Callable[..., _Result]: ...


class Module:
    """A part of a network. Attributes that are Parameters or Modules are found by their names, in order of creation.

    A subclass writes `forward`; `output_shape` and `multiply_adds` too where they follow from shapes alone.
    """

    training = True
    # Whether this part stays in use while the rest trains.
    frozen = False
    # Whether batch norms rest where a training starts from weights: those of a network whose batches are of few images.
    norms_rest = False
    # Children and buffers of these names take part in training alone: a state for use need not have them.
    training_only: tuple[str, ...] = ()
    # Training images that a network is shown before its first step (`begin_from`).
    first_images = 0
    _buffer_names: tuple[str, ...] = ()

    def __init_subclass__(cls, **options: Any) -> None:
        """A forward in the place of an inherited one: what that one's shapes were told to be is no longer so."""
        super().__init_subclass__(**options)
        parent = next(base for base in cls.__mro__[1:] if issubclass(base, Module))
        replaced = cls.forward is not parent.forward and parent.forward is not Module.forward
        if replaced and cls.output_shape is parent.output_shape:
            cls.output_shape = Module.output_shape  # type: ignore[method-assign]

    def forward(self, x: Any) -> Any:
        """What this part computes: a Tensor, or Tensors in a tuple or a dict; `x` likewise."""
        raise NotImplementedError

    def __call__(self: _Forward[_Result], x: Any, *rest: Any, **options: Any) -> _Result:
        """Compute, on a Tensor or on a plain array; `rest` and `options` go to `forward` as they are."""
        module: Any = self
        x = x if isinstance(x, Tensor) or next(leaves(x), None) is not None else Tensor(x)
        if _watch.stand_in is not None and (y := _watch.stand_in(module, x, *rest, **options)) is not None:
            return y  # type: ignore[no-any-return]
        y = self.forward(x, *rest, **options)
        if _watch.call is not None:
            _watch.call(module, shapes(x), shapes(y))
        return y

    def begin_from(self, images: Iterable[Host]) -> None:
        """Choose first weights by what the images are like: batches (N, H, W, C), as they will be given to it."""

    def output_shape(self, x_shape: Nest) -> Nest:
        """Shape of the result for an input of this shape; here by walking through without computing.

        Of several results, the shapes in a tuple or a dict as `forward` gives them.
        """
        return shapes(self._try(x_shape))

    def multiply_adds(self, x_shape: Nest) -> int:
        """Products that are summed up for one input of this shape: what convolutions and dense layers do."""
        if next(self.children(), None) is None:
            return 0
        return sum(module.multiply_adds(shape) for module, shape, _ in self.watched(x_shape))

    def watched(
        self, x_shape: Nest, *, auxiliary: bool = False, parts: bool = False
    ) -> "list[tuple[Module, Nest, Nest]]":
        """(module, input shape, output shape) of every childless module that a pass in use calls, in order.

        auxiliary: with those below children that take part in training alone.   parts: with those that have children,
        each behind what it consists of.
        """
        calls: list[tuple[Module, Nest, Nest]] = []

        def note(module: Module, before: Nest, after: Nest) -> None:
            if parts or next(module.children(), None) is None:
                calls.append((module, before, after))

        with _watching(note):
            self._try(x_shape, auxiliary)
        return calls

    def _try(self, x_shape: Nest, auxiliary: bool = False) -> Nest:
        with self.keeping_modes():
            for module in self.modules():
                module.training = auxiliary and any(name in module.training_only for name, _ in module.named_children())
            with no_grad(), kernels.shapes_only():
                return checked(self(mapped(x_shape, blank, is_shape)), type(self).__name__)

    @contextmanager
    def keeping_modes(self) -> Iterator[None]:
        """Each part trains, or is in use, after the block as before it."""
        modes = [(module, module.training) for module in self.modules()]
        try:
            yield
        finally:
            for module, training in modes:
                module.training = training

    def register_buffer(self, name: str, array: Array) -> None:
        """Keep an array that is saved with the parameters but not learned, as attribute `name`."""
        self._buffer_names = (*self._buffer_names, name)
        setattr(self, name, array)

    def named_children(self) -> "Iterator[tuple[str, Module]]":
        for name, value in vars(self).items():
            if isinstance(value, Module):
                yield name, value

    def children(self) -> "Iterator[Module]":
        return (child for _, child in self.named_children())

    def named_modules(self, prefix: str = "") -> "Iterator[tuple[str, Module]]":
        """This module (named "" at the top) and all below it."""
        yield prefix, self
        for name, child in self.named_children():
            yield from child.named_modules(join(prefix, name))

    def modules(self) -> "Iterator[Module]":
        return (module for _, module in self.named_modules())

    def named_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """Every parameter once, under its first name, such as "conv1.weight"."""
        seen: set[int] = set()
        for prefix, module in self.named_modules():
            for name, value in vars(module).items():
                if isinstance(value, Parameter) and id(value) not in seen:
                    seen.add(id(value))
                    yield join(prefix, name), value

    def parameters(self) -> list[Parameter]:
        return [parameter for _, parameter in self.named_parameters()]

    def named_buffers(self) -> Iterator[tuple[str, Array]]:
        for prefix, module in self.named_modules():
            for name in module._buffer_names:
                yield join(prefix, name), getattr(module, name)

    def state_dict(self) -> dict[str, Array]:
        """Parameters and buffers under their names: the arrays themselves, not copies."""
        return {name: parameter.data for name, parameter in self.named_parameters()} | dict(self.named_buffers())

    def needed_in_use(self) -> dict[str, Array]:
        """The part of `state_dict` that is not for training alone."""
        left_out = [join(prefix, name) for prefix, module in self.named_modules() for name in module.training_only]
        inside = tuple(f"{name}." for name in left_out)
        return {
            name: array
            for name, array in self.state_dict().items()
            if name not in left_out and not name.startswith(inside)
        }

    def load_state_dict(self, state: Mapping[str, Array], strict: bool = True, *, keep: bool = False) -> None:
        """Copy arrays into the parameters and buffers of the same names: all of them, or none if one does not fit.

        strict: refuse names that are missing or too many; else they are passed over. What is for training alone may
        be missing.
        keep: whether parameters without numbers may have these very arrays, which nobody else changes from now on.
        """
        own = self.state_dict()
        if strict:
            check_names(own, self.needed_in_use(), state)
        fitting = [name for name in own if name in state]
        for name in fitting:
            if own[name].shape != state[name].shape:
                raise ShapeError(
                    f"{name} has shape {own[name].shape} in this model, but {state[name].shape} in the loaded state. "
                    "Is it the same model, with the same classes, channels and image size?"
                )
        parameters = dict(self.named_parameters())
        for name in fitting:
            if name in parameters:
                parameters[name].take(state[name], keep=keep)
            else:
                kernels.of(own[name]).copy_into(own[name], state[name])

    def train(self, mode: bool = True) -> Self:
        """Switch this module and all below it to training (or, with False, to use); what is frozen stays in use."""
        for module in self.modules():
            module.training = mode and not module.frozen
        return self

    def eval(self) -> Self:
        """Switch to use: dropout rests."""
        return self.train(False)

    def zero_grad(self) -> None:
        """Forget the gradients, so that the next backward starts anew."""
        for parameter in self.parameters():
            parameter.grad = None

    def extra_repr(self) -> str:
        """What stands between the brackets of a childless module's repr."""
        return ""

    def __repr__(self) -> str:
        children = [f"({name}): {child!r}".replace("\n", "\n  ") for name, child in self.named_children()]
        if not children:
            return f"{type(self).__name__}({self.extra_repr()})"
        return f"{type(self).__name__}(\n  " + "\n  ".join(children) + "\n)"


def is_watched() -> bool:
    """Whether somebody is told of this thread's calls of modules, or others stand in for some."""
    return _watch.call is not None or _watch.stand_in is not None


def asked(method: _Method) -> _Method:
    """A method that is asked as a module is called: who stands in for modules may do so here, told of it as `method`.

    For what a network computes by another name than `forward`, as the numbers that a detector's loss is of.
    """

    @wraps(method)
    def ask(module: Module, x: Nest, *rest: Any, **options: Any) -> Nest:
        stand_in, name = _watch.stand_in, method.__name__
        if stand_in is not None and (y := stand_in(module, x, *rest, method=name, **options)) is not None:
            return y
        return method(module, x, *rest, **options)

    return cast(_Method, ask)


def computes_as(module: Module, kind: type[_Kind]) -> TypeGuard[_Kind]:
    """Whether a module is known to compute what `kind` does: its exact type, with no `forward` set on the object."""
    return type(module) is kind and "forward" not in vars(module)


def blank(shape: tuple[int, ...]) -> Tensor:
    """Zeros: memory that nobody touches where nothing is computed."""
    return Tensor(kernels.home().zeros(shape))


def shape_after(module: Module, x_shape: Nest) -> Nest:
    """Shape of the result, by trying where a `forward` set on the object makes what its class tells worthless."""
    return Module.output_shape(module, x_shape) if "forward" in vars(module) else module.output_shape(x_shape)


@contextmanager
def _watching(note: Callable[[Module, Nest, Nest], None]) -> Iterator[None]:
    before = _watch.call
    _watch.call = note
    try:
        yield
    finally:
        _watch.call = before


@contextmanager
def standing_in(stand_in: Callable[..., Nest] | None) -> Iterator[None]:
    """Ask `stand_in(module, x, *rest, **options)` before every call of a module, or of a method that is `asked`, in
    this thread.

    What it gives is taken for the result; where it gives None the module computes.
    """
    before = _watch.stand_in
    _watch.stand_in = stand_in
    try:
        yield
    finally:
        _watch.stand_in = before
