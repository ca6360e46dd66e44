"""Which pictures have which mask, before one of them is opened.

find.py         the door: the layout of a folder       pairs.py      pictures with their masks, by part
folders.py      images/ and masks/, X and Xannot       match.py      a picture's mask, by its name
names.py        what such folders are called           published.py  data sets whose classes are known
class_table.py  a list of classes beside the masks     ignore.py     values that a user leaves out
"""
