"""One process's share of a training.

assemble.py      its pieces, data, network, optimiser, task: anew from options, or again from a state
recalled.py      the data of a run that lost some of its images
computing.py     where and how exactly it computes
room.py          does a step fit into memory?
proposing.py     where things may be in each picture, for networks that look nowhere else
preparation.py   what precedes the first step: kernels, a new head, features of a frozen trunk
loop.py          steps, epochs, judgements, states
judging.py       how well the training does on a part of its data
settling.py      what is learned behind the last step, without a gradient
closing.py       how it ends: the result, or what a signal, a lost picture or a loss that is no number leaves
finished.py      a run that is over and is resumed
"""
