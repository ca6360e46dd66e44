"""What is drawn with characters.

sparkline.py  a curve in a line     half_blocks.py  a picture, two pixels in each
"""
