"""Work on one element at a time.

pointwise.py   arithmetic with broadcasting     broadcast.py   two shapes as few loops
activation.py  activations and slopes           random.py      dropout and uniform numbers
update.py      steps of the optimisers          chunks.py      how such work is cut into tasks
"""
