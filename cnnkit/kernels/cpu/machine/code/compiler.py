"""Python made machine code by Numba: one function of C for each kernel and signature.

Numba is given twins of the functions that kernels call: the same code, in whose surroundings each `Inner` and `Later`
has given way to what Numba knows by that name. Of its work only the machine code is kept, with an entry of our own:
it reads its arguments from words (kinds.py), so neither Numba nor Python is needed to call it.
"""

import builtins
from collections.abc import Callable, Iterator
from functools import cache
from types import CellType, CodeType, FunctionType
from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.core.compiler_lock import global_compiler_lock
from numba.np.arrayobj import populate_array
from numba.np.numpy_support import from_dtype

from cnnkit.kernels.cpu.machine.code.flags import FLAGS
from cnnkit.kernels.cpu.machine.code.kinds import Array, Group, Kind, Number, Signature
from cnnkit.kernels.cpu.machine.code.later import Later
from cnnkit.kernels.cpu.machine.code.library import Whole, in_parts
from cnnkit.kernels.cpu.machine.code.loader import Code
from cnnkit.kernels.shared.inner import Inner

WORD, STATUS, BYTES, REAL = ir.IntType(64), ir.IntType(32), ir.IntType(8).as_pointer(), ir.DoubleType()
# Of an array's object: its data, and then, behind a word for the number of axes, its sizes.
DATA, SIZES = object.__basicsize__, object.__basicsize__ + 16


@global_compiler_lock
def compiled(function: Callable[..., Any], signature: Signature, name: str) -> Code:
    """The machine code of an entry kernel, its function under that name."""
    with in_parts():
        dispatcher = numba.njit(**FLAGS)(_twin(function))
        dispatcher.compile(tuple(_type(kind) for kind in signature))
        (result,) = dispatcher.overloads.values()
        library = Whole(result.target_context.codegen(), name)
        library.add_ir_module(_entry(result, signature, name))
        library.add_linking_library(result.library)
        library.finalize()
    return Code(name, sorted(library.needs()), library.content)


def _entry(result: Any, signature: Signature, name: str) -> ir.Module:
    """int32 name(word *arguments): reads them, calls the kernel and tells its status."""
    context = result.target_context
    module = context.create_module(name)
    function = ir.Function(module, ir.FunctionType(STATUS, [WORD.as_pointer()]), name)
    builder = ir.IRBuilder(function.append_basic_block())
    words = iter(range(1 << 16))

    def word(kind: Any = WORD) -> Any:
        place = builder.gep(function.args[0], [ir.Constant(WORD, next(words))])
        return builder.load(builder.bitcast(place, kind.as_pointer()))

    given = [_read(context, builder, kind, word) for kind in signature]
    kernel = context.declare_function(module, result.fndesc)
    status, _ = context.call_conv.call_function(builder, kernel, types.none, result.signature.args, given)
    builder.ret(status.code)
    return module


def _read(context: Any, builder: Any, kind: Kind, word: Callable[..., Any]) -> Any:
    """One argument from its words, as Numba has it."""
    if isinstance(kind, Group):
        return context.make_tuple(builder, _type(kind), [_read(context, builder, part, word) for part in kind.parts])
    if isinstance(kind, Array):
        return _array(context, builder, kind, builder.inttoptr(word(), BYTES))
    numba_type = _type(kind)
    value_type = context.get_value_type(numba_type)
    if isinstance(numba_type, types.Float):
        return word(REAL) if value_type == REAL else builder.fptrunc(word(REAL), value_type)
    return word() if value_type == WORD else builder.trunc(word(), value_type)


def _array(context: Any, builder: Any, kind: Array, owner: Any) -> Any:
    def at(offset: int, found: Any) -> Any:
        place = builder.gep(owner, [ir.Constant(WORD, offset)])
        return builder.load(builder.bitcast(place, found.as_pointer()))

    array = context.make_array(_type(kind))(context, builder)
    itemsize = ir.Constant(WORD, np.dtype(kind.dtype).itemsize)
    sizes = at(SIZES, WORD.as_pointer())
    shape = [builder.load(builder.gep(sizes, [ir.Constant(WORD, axis)])) for axis in range(kind.axes)]
    strides = [itemsize]
    for size in reversed(shape[1:]):
        strides.insert(0, builder.mul(strides[0], size))
    data = builder.bitcast(at(DATA, BYTES), array.data.type)
    populate_array(array, data=data, shape=shape, strides=strides[: kind.axes], itemsize=itemsize, meminfo=None)
    return array._getvalue()


def _type(kind: Kind) -> Any:
    """Numba's type."""
    if isinstance(kind, Group):
        return types.BaseTuple.from_types([_type(part) for part in kind.parts], kind.form)
    number = from_dtype(np.dtype(kind.dtype))
    return number if isinstance(kind, Number) else types.Array(number, kind.axes, "C")


@cache
def _dispatcher(inner: Inner) -> Any:
    """What Numba knows a function by that kernels call."""
    return numba.njit(**inner.options)(_twin(inner.function))


def _twin(function: Any) -> Any:
    """The same function among things that Numba knows."""
    around = {
        name: _known(function.__globals__[name]) for name in _names(function.__code__) if name in function.__globals__
    }
    scope = {"__name__": function.__module__, "__builtins__": builtins, **around}
    cells = tuple(CellType(_known(cell.cell_contents)) for cell in function.__closure__ or ())
    twin = FunctionType(function.__code__, scope, function.__name__, function.__defaults__, cells)
    twin.__module__, twin.__qualname__ = function.__module__, function.__qualname__
    return twin


def _names(code: CodeType) -> Iterator[str]:
    """All names that the code, and code within it, may look up around it."""
    yield from code.co_names
    for part in code.co_consts:
        if isinstance(part, CodeType):
            yield from _names(part)


def _known(value: Any) -> Any:
    if isinstance(value, Inner):
        return _dispatcher(value)
    return value.now() if isinstance(value, Later) else value
