"""One number from each window of an image: a thread for each result, and on the way back one for each pixel.

window.py  windows that slide          adaptive.py  bins that cover the image
"""
