"""Where the points of an image lie in a changed one: the only two doors by which masks and boxes move along.

affine_map.py   moved, turned, scaled, slanted: six numbers     warp.py   bent: a net of places
"""
