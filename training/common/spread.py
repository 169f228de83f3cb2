"""Some members of many, at even distances."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def spread(members: Sequence, count: int) -> list:
    """`count` of the members, at even distances; all of them where they are fewer, or for 0."""
    return [members[i] for i in np.linspace(0, len(members) - 1, min(count or len(members), len(members))).astype(int)]
