"""Open pictures and masks.

open_pairs.py  those in files, as the three parts      fit.py        size, colour and how pictures get there
survey.py      what values the files of masks hold     coding.py     what these values mean
arrays.py      those of Python code                    npz.py        those of an .npz file
agreement.py   whether masks contradict one another
"""
