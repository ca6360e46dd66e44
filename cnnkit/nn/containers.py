"""Modules made of modules."""

from collections.abc import Iterator, Mapping
from typing import overload

from cnnkit.autograd import Tensor
from cnnkit.errors import ShapeError, UsageError
from cnnkit.nn.module import Module, shape_after


class Sequential(Module):
    """One module after the other: Sequential(a, b) names them "0", "1"; Sequential({"conv": a, "pool": b}) as told."""

    def __init__(self, *modules: Module | Mapping[str, Module]) -> None:
        for name, module in _named(modules):
            if name in vars(self) or hasattr(Module, name) or "." in name or not name:
                raise UsageError(f"Sequential expects each name once, not empty, without a dot, but received {name!r}.")
            setattr(self, name, module)

    def forward(self, x: Tensor) -> Tensor:
        for module in self.children():
            x = module(x)
        return x

    def output_shape(self, x_shape: tuple[int, ...]) -> tuple[int, ...]:
        for name, module in self.named_children():
            try:
                x_shape = shape_after(module, x_shape)
            except ShapeError as error:
                raise ShapeError(f"Layer {name}, {type(module).__name__}: {error}") from None
        return x_shape

    def multiply_adds(self, x_shape: tuple[int, ...]) -> int:
        if type(self).forward is not Sequential.forward:
            return super().multiply_adds(x_shape)
        total = 0
        for module in self.children():
            total += module.multiply_adds(x_shape)
            x_shape = shape_after(module, x_shape)
        return total

    def __len__(self) -> int:
        return sum(1 for _ in self.children())

    def __iter__(self) -> Iterator[Module]:
        return self.children()

    @overload
    def __getitem__(self, index: int) -> Module: ...
    @overload
    def __getitem__(self, index: slice) -> "Sequential": ...
    def __getitem__(self, index: int | slice) -> Module:
        """One module; of a slice, a Sequential of the same modules under the same names."""
        if isinstance(index, slice):
            return Sequential(dict(list(self.named_children())[index]))
        return list(self.children())[index]


class ModuleList(Module):
    """Modules in a list, found under "0", "1", …; what is computed with them is the owner's business."""

    def __init__(self, *modules: Module) -> None:
        for module in modules:
            self.append(module)

    def append(self, module: Module) -> None:
        setattr(self, str(len(self)), module)

    def forward(self, x: Tensor) -> Tensor:
        raise UsageError("A ModuleList computes nothing itself. Call its modules, or use Sequential.")

    def __len__(self) -> int:
        return sum(1 for _ in self.children())

    def __iter__(self) -> Iterator[Module]:
        return self.children()

    @overload
    def __getitem__(self, index: int) -> Module: ...
    @overload
    def __getitem__(self, index: slice) -> "ModuleList": ...
    def __getitem__(self, index: int | slice) -> Module:
        """One module; of a slice, a ModuleList of the same modules, named anew."""
        chosen = list(self.children())[index]
        return ModuleList(*chosen) if isinstance(chosen, list) else chosen


def _named(modules: tuple[Module | Mapping[str, Module], ...]) -> list[tuple[str, Module]]:
    if len(modules) == 1 and isinstance(modules[0], Mapping):
        return list(modules[0].items())
    named = []
    for number, module in enumerate(modules):
        if not isinstance(module, Module):
            raise UsageError(f"Sequential expects modules, or one dict of them, but received {type(module).__name__}.")
        named.append((str(number), module))
    return named
