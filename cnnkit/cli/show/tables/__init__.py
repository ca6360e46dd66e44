"""What data hold, by class and part, as tables.

class_table.py  images     mask_table.py  pixels of masks     box_table.py  boxes, and how large they are
station_table.py  not of data: the steps of a network with a picture
"""
