"""The command line, and all of click and rich. A command is a thin reader of an engine generator; results go to stdout."""
