"""Single-shot detectors: every place of several maps tells the classes and the edges of a few default boxes.

network.py  what they have in common: heads beside maps, the answer, the loss
vgg.py      SSD300 and SSD512 on VGG16, the paper's
lite.py     SSDlite on MobileNet v3
nano.py     a small one, to train on a laptop
"""
