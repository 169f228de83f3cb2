"""Settings of adapters; light enough for whoever only reads a configuration."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class LoraSettings:
    """Adapters in the linear layers of the trained parts, instead of training these parts themselves."""

    rank: int = 16
    alpha: int = 32
