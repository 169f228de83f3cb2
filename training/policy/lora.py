"""Settings of adapters; light enough for whoever only reads a configuration."""

from __future__ import annotations

from vqathinker.checked import checked

from ..common.settings import Count


@checked()
class LoraSettings:
    """Adapters in the linear layers of the trained parts, instead of training these parts themselves."""

    rank: Count = 16
    alpha: Count = 32
