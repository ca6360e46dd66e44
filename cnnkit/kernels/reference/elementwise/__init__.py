"""Each number for itself: activation.py, pointwise.py arithmetic, random.py dropout, update.py optimisers."""
