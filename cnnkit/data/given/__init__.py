"""What Python code hands over.

parts.py    which of the things are images and labels, and of which part
images.py   images in one array of pixels     labels.py   labels of any form     pictures.py   pictures to predict
"""
