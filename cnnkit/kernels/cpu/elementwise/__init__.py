"""Work on one element at a time.

pointwise.py   arithmetic with broadcasting     broadcast.py   several shapes as few loops
activation.py  activations and slopes           random.py      dropout and uniform numbers
update.py      steps of the optimisers          pieces.py      lists of arrays as one job
chunks.py      how such work is cut into tasks  where.py       a choice between two operands
"""
