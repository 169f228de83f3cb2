"""What commands share: the folders they read, and how they end when something is wrong that their user can mend: one
sentence on stderr, exit code 1."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vqathinker.errors import VQAThinkerError

ERRORS = (VQAThinkerError, ValueError, OSError, FloatingPointError)


def sentence(error: BaseException) -> str:
    """What an error says, on one line; the system's own errors without their number."""
    if isinstance(error, OSError) and error.strerror and error.filename:
        return f"{error.filename}: {error.strerror.lower()}"
    return " ".join(str(error).split())


def add_built(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("built", type=Path, help="folder that training.data.build wrote")


def add_data(parser: argparse.ArgumentParser) -> None:
    """DATA_DIR BUILT_DIR: what was fetched, and what was built of it."""
    parser.add_argument("data", type=Path, help="folder of the source pictures and clips")
    add_built(parser)


def add_jobs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--jobs", type=int, default=2, help="decoders at a time")


@contextmanager
def ends_in_a_sentence(name: str) -> Iterator[None]:
    """Turn `ERRORS` into the end of the command training.`name`."""
    try:
        yield
    except ERRORS as error:
        raise SystemExit(f"training.{name}: {sentence(error)}") from None
