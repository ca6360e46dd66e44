"""Machine code of kernels, from the compiler to a call.

kinds.py      the types of arguments, and arguments as words        entry.py    a kernel's machine code, to be called
loader.py     machine code made part of this process                settings.py what Numba's variables ask for
compiler.py   Python made machine code by Numba                     flags.py    flags of the compiler
library.py    a kernel and all that it calls, for LLVM              later.py    names of what only Numba knows
parallel.py   `parallel_for` as Numba knows it                    forked.py   work shared with forked children

Numba takes half of a second and seventy megabytes, so only compiler.py, and what only it imports, know of it. Machine
code that lies on disk runs without.
"""
