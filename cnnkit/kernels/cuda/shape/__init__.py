"""Elements in other places.

move.py       joined, padded, cut, turned       channels.py   weighed, dealt out, picked
resize.py     images of another size
"""
