"""What a device's driver is asked for; beside launches all that is numba-cuda's own.

faults.py    what is told where it fails                     device.py    the device in use, its stream and memory
flat.py      numbers of one axis as a launch takes them      staging.py   what is brought without a wait
record.py    launches                                        captured.py  CUDA graphs
chip.py      all that the kernels' home asks for
"""
