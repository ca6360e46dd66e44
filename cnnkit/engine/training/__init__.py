"""The parts of a training between its assembly and its run folder.

defaults.py   what is chosen where the user chose nothing     augment.py   which random changes images go through
loading.py    the batches that options ask for                step.py      one step, and its rehearsal
rate.py       the learning rate of a step                     course.py    how long a run is, and its end
keeper.py     what is left in the run folder                  signals.py   Ctrl-C and SIGTERM
"""
