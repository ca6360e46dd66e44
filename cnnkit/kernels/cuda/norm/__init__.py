"""Channels normalised: batch.py over a batch, lrn.py by their neighbours."""
