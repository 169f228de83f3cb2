"""The reward functions, pure: they know neither model nor trainer nor page."""

from .parse import format_ok, parse_answer
from .ranking import preference_probability

__all__ = ["format_ok", "parse_answer", "preference_probability"]
