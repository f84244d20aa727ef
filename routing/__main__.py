"""``python -m routing`` is ``island-response``."""

import sys

from routing.cli import main

if __name__ == "__main__":
    sys.exit(main())
