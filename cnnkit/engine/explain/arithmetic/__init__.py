"""How one number of a step came about, for every Function.

sum_of.py      sum_of(step, place) -> Sum, and the table of all rules
draft.py       Draft: terms and numbers before they are added up, and the reading of operands
windows.py     under a window: convolutions, pools        pixelwise.py   of the numbers at the same place
rows.py        of a whole row: dense layers, softmax      moves.py       what only moves numbers, and resizing
recurrent.py   a gated recurrent unit
"""
