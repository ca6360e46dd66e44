"""A script: compile the kernels with register tiles for the processor that NUMBA_CPU_* name, and print their assembly.

A rehearsal compiles without running, so any processor of a kind can compile for any other. TRIPLE names one of another
kind: the modules that LLVM gets are then compiled for that.
"""

import json
import os
import re

import llvmlite.binding as llvm
import numpy as np

from cnnkit.kernels import cpu
from cnnkit.kernels.cpu.conv import schedule
from cnnkit.kernels.cpu.machine import cache, jit
from cnnkit.kernels.cpu.machine.code import library
from cnnkit.kernels.cpu.machine.lanes import LANES, REGISTERS
from cnnkit.kernels.shared.geometry import Window

TRIPLE = os.environ.get("TRIPLE", "")
modules: list[str] = []


def noting(self):
    """In the place of Numba's own: the module as it is before it is optimised for this machine."""
    modules.append(str(self._final_module))
    return right(self)


def compiled_for(triple, text):
    """The assembly of a module for another kind of processor."""
    machine = llvm.Target.from_triple(triple).create_target_machine(cpu="neoverse-n1", opt=3)
    text = re.sub(r'target triple = ".*"', f'target triple = "{triple}"', text)
    text = re.sub(r'target datalayout = ".*"', f'target datalayout = "{machine.target_data}"', text)
    text = re.sub(r'"target-(cpu|features)"="[^"]*"', "", text)
    # Numba's counting of references, already made for this machine: no part of a kernel's loops.
    text = text.replace("llvm.x86.", "of_x86.").replace(" immarg", "")
    module = llvm.parse_assembly(text)
    options = llvm.create_pipeline_tuning_options(speed_level=3)
    options.loop_vectorization = True
    builder = llvm.create_pass_builder(machine, options)
    builder.getModulePassManager().run(module, builder)
    return machine.emit_assembly(module)


if TRIPLE:
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    right = library.Whole._optimize_final_module
    library.Whole._optimize_final_module = noting


def showing(machine, module):
    """In the place of `emitted`: what it makes, and the same as assembly."""
    texts.append(machine.emit_assembly(module))
    return emitted(machine, module)


texts: list[str] = []
emitted, library.emitted = library.emitted, showing
cache.KernelCache._loaded = lambda self, path, label: None  # what is loaded shows no assembly
with jit.rehearse() as walked:
    for channels in (schedule.WIDE.block, schedule.NARROW.block, schedule.THIN.block):
        x, w = np.zeros((1, 40, 40, 3), np.float32), np.zeros((2, 2, 3, channels), np.float32)
        # Under dilation sums go by tables, however short they are.
        y = cpu.conv2d(x, w, Window(1, 1, 0, 0, 0, 0, 2, 2))
        cpu.conv2d_dw(y, x, w.shape, Window(1, 1, 0, 0, 0, 0, 2, 2))
    for shape in (schedule.WIDE, schedule.TRIPLE, schedule.NARROW, schedule.THIN):
        cpu.conv2d(x, np.zeros((1, 1, 3, shape.block), np.float32), Window())
    for channels, taps in ((32, 3), (96, 3), (256, 3), (32, 5), (96, 5), (256, 5)):
        x, w = np.zeros((1, 9, 9, channels), np.float32), np.zeros((taps, taps, channels, 64), np.float32)
        y = cpu.conv2d(x, w, Window())
        cpu.conv2d_dx(y, w, x.shape, Window())
        cpu.conv2d_dw(y, x, w.shape, Window())
    p, u = np.zeros((1, 2, 2, 2 * 3 * 64), np.float32), np.zeros((2, 64, 3 * 64), np.float32)
    states, gates = cpu.gru(p, u, p[0, 0, 0], 1, keep=True)
    cpu.gru_dx(states, states, gates, u, 1)
assembly = {}
for entry, signature in walked:
    tiled = entry.name.startswith(("direct", "winograd", "gru")) and not entry.name.endswith(("filters", "finish"))
    if not tiled:
        continue
    modules.clear()
    entry.prepare(signature)
    if TRIPLE:
        assembly[entry.name] = compiled_for(TRIPLE, modules[-1])
    else:
        assembly[entry.name] = texts[-1]
print(json.dumps({"lanes": LANES, "registers": REGISTERS, "assembly": assembly}))
