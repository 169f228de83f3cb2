"""Where this process runs."""

from __future__ import annotations

import os


def on_zero_gpu() -> bool:
    """True on a Space whose GPU is lent for the length of a call. The words for yes are those of the library `spaces`:
    what it does not take for one leaves it, and us, without such a GPU."""
    return os.environ.get("SPACES_ZERO_GPU", "").lower() in ("1", "t", "true")
