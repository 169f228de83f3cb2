"""`python -m vqathinker`."""

from __future__ import annotations

import os
import sys

from .cli import main
from .heap import few_arenas
from .lean import own_process

TIDY = {"serve"}
"""Commands that leave things to be tidied up when they end."""


def run() -> None:
    """One command, and out: taking torch and its libraries down object by object takes longer than a short rating."""
    short = bool(sys.argv[1:2]) and sys.argv[1] not in TIDY and int(os.environ.get("WORLD_SIZE", "1")) < 2
    if short:
        own_process()
        few_arenas(1)
    code = main()
    if short:
        leave(code)
    sys.exit(code)


def leave(code: int) -> None:
    """End the process at once; all that was printed is out."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            pass
    os._exit(code)


if __name__ == "__main__":
    run()
