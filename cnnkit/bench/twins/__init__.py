"""Any network of ours in another library, with the same weights: one pass is traced and done again there.

in_use.py       a network that predicts, in each library
torch_twin.py   in torch, to train and predict
torch_ops.py    each of our ops, in torch       torch_boxes.py  what detectors learn, in torch
torch_regions.py   networks in two stages, in torch      torchvision_boxes.py   whole detectors of torchvision's
definition.py   kernels' answers beside those of their definitions, on any machine
"""
