"""Data sets whose targets are boxes around things.

box_folder.py   pictures and boxes in files            shapes.py   shapes on textured ground, in memory
searched.py     either, with places where things may be
"""
