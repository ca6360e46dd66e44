"""What kernels run on: all that is numba-cuda's own, and memory.

launch.py     kernels and device functions made, and launched     ptx.py         wide loads and the like
driver/       what a device is asked for                          simulated/     the same in Numba's simulator
rehearsal.py  kernels noted instead of run                        array.py       the class of this home's arrays
memory.py     memory that is used again                           axes.py        strides, and axes that become one
move.py       elements moved from place to place                  home.py        arrays made, moved and copied
operands.py   what kernels are given, and where they write        functions.py   exp, log and the like
capture.py    work noted to be done again                         again/         a network as one launch
measured.py   how fast a device is at most
"""
