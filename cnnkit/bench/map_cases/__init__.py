"""What segmentation adds: crf.py the fully connected CRF, loss.py a loss of pixels, gru.py recurrent sweeps."""
