"""How a picture becomes an input.

preprocessing.py   the record that a checkpoint keeps     view.py   what it does to a picture, and the way back
digit.py           the rule of handwritten digits     paper.py   the page without its ink
connected.py       connected pieces of a mask
"""
