"""Semantic segmentation: the class of each pixel.

answer.py  what a network says of a picture: a mask in the picture's own pixels
"""
