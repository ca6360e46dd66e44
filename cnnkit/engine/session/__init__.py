"""One process's share of a training.

assemble.py      data, network and optimiser: anew from options, or again from a state
recalled.py      the data of a run that lost some of its images
preparation.py   what precedes the first step: kernels, a new head, features of a frozen trunk
loop.py          steps, epochs, judgements, states
finished.py      a run that is over and is resumed
"""
