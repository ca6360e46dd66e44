"""The gated recurrent unit: gru.py forward, dx.py back. A block goes along one sequence of one direction."""
