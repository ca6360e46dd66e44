"""What kernels run on: all that is numba-cuda's own, and memory.

launch.py     kernels and device functions made, and launched     ptx.py         wide loads and the like
chip.py       what a device is asked for, by its driver           simulated.py   the same in Numba's simulator
device.py     the device in use, its stream and memory            flat.py        numbers as a launch takes them
capture.py    work noted to be done again                         captured.py    CUDA graphs, by the driver
rehearsal.py  kernels noted instead of run                        array.py       the class of this home's arrays
memory.py     memory that is used again                           axes.py        strides, and axes that become one
move.py       elements moved from place to place                  home.py        arrays made, moved and copied
operands.py   what kernels are given, and where they write        functions.py   exp, log and the like
faults.py     what is told where the driver fails                 measured.py    how fast a device is at most
staging.py    what is brought to a device without a wait
"""
