"""Any network of ours in another library, with the same weights: one pass is traced and done again there.

torch_twin.py   in torch, to train and predict      onnx_twin.py   in ONNX Runtime, by torch's export
torch_ops.py    each of our ops, in torch       torch_boxes.py  what detectors learn, in torch
torch_regions.py   networks in two stages, in torch      torchvision_boxes.py   whole detectors of torchvision's
"""
