"""The parts of a training between its assembly and its run folder.

defaults.py   what is chosen where the user chose nothing     augment.py   which random changes images go through
loading.py    the batches that options ask for                step.py      one step, and its rehearsal
rate.py       the learning rate of a step                     course.py    how long a run is, and its end
outcomes.py   losses, read when they are there                keeper.py    states, weight files and the table
signals.py    Ctrl-C and SIGTERM                              first_look.py  images that first weights hang on
"""
