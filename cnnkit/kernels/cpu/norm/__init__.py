"""Normalisation: norm.py batch norm, dx.py its gradients, lrn.py local response norm, pixels.py the cut into tasks."""
