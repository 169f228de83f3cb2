"""Memory that is free inside the process goes back to the system, where the C library can do that (glibc)."""

from __future__ import annotations

import ctypes
import gc

ARENA_MAX = -8
"""mallopt's M_ARENA_MAX: threads that come and go would each keep what they once needed in a part of their own."""


def few_arenas(count: int = 2) -> None:
    """Before threads are started."""
    call("mallopt", ARENA_MAX, count)


def give_back() -> None:
    gc.collect()
    call("malloc_trim", 0)


def call(name: str, *numbers: int) -> None:
    """A function of the C library, if it is there."""
    try:
        getattr(ctypes.CDLL(None), name)(*numbers)
    except (OSError, AttributeError):
        pass
