"""What every part of a network is.

module.py     Module: parameters, buffers and children under names, and what is done with all of them
parameter.py  Parameter: a tensor that is learned
names.py      the names of a state, and whether they are those of a module
"""

from cnnkit.nn.module.module import Module, asked, blank, computes_as, is_watched, shape_after, standing_in
from cnnkit.nn.module.parameter import Parameter, has_memory

__all__ = [
    "Module",
    "Parameter",
    "asked",
    "blank",
    "computes_as",
    "has_memory",
    "is_watched",
    "shape_after",
    "standing_in",
]
