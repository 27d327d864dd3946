"""Lets ``python -m crackseg_desktop`` do what the ``crackseg-desktop`` command does."""

import sys

from crackseg_desktop.cli import main

if __name__ == "__main__":
    sys.exit(main())
