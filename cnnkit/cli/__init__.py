"""The command line, and all of click and rich: thin readers of engine generators, with results on stdout."""
