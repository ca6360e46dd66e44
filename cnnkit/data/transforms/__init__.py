"""Augmentation: pure functions (sample, rng, ...) -> sample.

compose.py   levels made of the changes below      signs.py    which pictures must not be mirrored
flip.py, crop.py, scale.py, affine.py   geometry: a mask and boxes move along
elastic.py                              geometry that bends
window.py                               windows of one size from pictures of any size
colour.py, erase.py                     colours and holes
things.py                               patches and ground around pictures, by the things in them
mix.py, mosaic.py                       two images of a batch in one, and four pictures in one image
"""
