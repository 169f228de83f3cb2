"""The bundled model, loaded once in the process that runs the tests."""

from __future__ import annotations

import functools

from vqathinker import load_rater
from vqathinker.rating import Rater


@functools.cache
def tiny() -> Rater:
    return load_rater("tiny")
