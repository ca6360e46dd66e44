"""`python -m cnnkit`, and the installed command `cnnkit`."""

import sys


def main() -> None:
    from cnnkit.cli.main import main as command_line

    sys.exit(command_line())


if __name__ == "__main__":
    main()
