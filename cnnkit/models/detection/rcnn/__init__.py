"""What R-CNN is made of beside its network: one picture's proposals -> crops -> features -> scores and better boxes.

crops.py        proposals as images of one size, with some of what is around them
roles.py        what each proposal teaches: a class, a negative, a move
svm.py          a linear support vector machine, solved in its dual
mining.py       which of very many negatives it learns from
regression.py   boxes moved to where their features say that the thing is
heads.py        the machines and regressions of all classes, and what they find
settled.py      the same as arrays of a network
settling.py     the phases that solve them
network.py      R-CNN: a classifier of crops, and heads on what its last layer is given

Source: Girshick, Donahue, Darrell & Malik 2014, arXiv:1311.2524.
"""
