"""One `--data` for everything.

source.py    the door: tells the format and opens it     formats.py       how each format is recognised
opening.py   what is asked of pictures in files, and what all of them share
pictures.py  listed pictures in files                    splits.py        the three parts and what was said
masks/       pictures with masks                        boxes/           pictures with boxes
shapes.py    pictures with masks or boxes, made in memory
arrays.py    what Python code holds in memory            stored_range.py  which number is white in files
cifar.py, idx.py, npz.py   the formats of arrays
"""
