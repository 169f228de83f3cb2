from __future__ import annotations

import pytest

from tests import raters
from vqathinker.rating import Rater


@pytest.fixture(scope="session")
def rater() -> Rater:
    return raters.tiny()
