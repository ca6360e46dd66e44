"""What is in pictures with boxes and what is wrong with them.

pictures.py     all of it: each picture is read once    class_boxes.py  boxes of each class, and of which size
stats.py        the set in figures
"""
