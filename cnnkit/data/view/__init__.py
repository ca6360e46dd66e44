"""How a picture becomes an input.

preprocessing.py   the record that a checkpoint keeps, and what it does to a picture
digit.py           the rule of handwritten digits     paper.py   the page without its ink
connected.py       connected pieces of a mask
"""
