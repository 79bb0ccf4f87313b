"""Entry point of `beaconfire` and of `python -m beaconfire`."""

import sys

from beaconfire.cli import run


def main() -> None:
    """Run the command line on this process's arguments and exit with its code."""
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
