"""How a command ends when something is wrong that its user can mend: one sentence on stderr, exit code 1."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from vqathinker.errors import VQAThinkerError

ERRORS = (VQAThinkerError, ValueError, OSError, FloatingPointError)


def sentence(error: BaseException) -> str:
    """What an error says, on one line; the system's own errors without their number."""
    if isinstance(error, OSError) and error.strerror and error.filename:
        return f"{error.filename}: {error.strerror.lower()}"
    return " ".join(str(error).split())


@contextmanager
def ends_in_a_sentence(name: str) -> Iterator[None]:
    """Turn `ERRORS` into the end of the command training.`name`."""
    try:
        yield
    except ERRORS as error:
        raise SystemExit(f"training.{name}: {sentence(error)}") from None
