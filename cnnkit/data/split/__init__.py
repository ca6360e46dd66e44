"""Which sample is in which part.

plan.py    drawn by a seed, class by class       folder.py     `data split`: folders of copies or links
names.py   their names                           leftovers.py  what a killed one leaves
pairs.py   pictures with their masks             new_folder.py  a folder that appears whole or not at all
boxes.py   pictures with their boxes
parts.py   the parts of a run as a list          recall.py     found again, though images are lost
convert.py `data convert`: pictures with boxes in another form
"""
