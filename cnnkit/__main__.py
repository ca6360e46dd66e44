"""`python -m cnnkit`, and the installed command `cnnkit`."""

import os
import sys


def main() -> None:
    _open_streams()
    try:
        from cnnkit.cli.main import main as command_line
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted.\n")
        sys.exit(130)
    sys.exit(command_line())


def _open_streams() -> None:
    """Let a stream that the caller closed (`>&-`) lead to nowhere: the next file opened would take its number."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115 - open until the process ends


if __name__ == "__main__":
    main()
