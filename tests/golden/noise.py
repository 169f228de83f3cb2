"""The deterministic noise from which the golden inputs are made (rule: preprocess.json and the model goldens)."""

from __future__ import annotations

import numpy as np

MASK = np.uint64(0xFFFFFFFF)


def noise(count: int, k: int) -> np.ndarray:
    """`count` float64 values in [-1, 1) that depend on the integer k only."""
    x = (np.arange(count, dtype=np.uint64) * np.uint64(2654435761) + np.uint64(k * 40503 + 12345)) & MASK
    for shift, factor in ((16, 2246822519), (13, 3266489917)):
        x = ((x ^ (x >> np.uint64(shift))) * np.uint64(factor)) & MASK
    return (x ^ (x >> np.uint64(16))).astype(np.float64) / 2**31 - 1
