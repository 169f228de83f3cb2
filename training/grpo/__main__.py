"""`python -m training.grpo`."""

import sys

from .train import main

if __name__ == "__main__":
    sys.exit(main())
