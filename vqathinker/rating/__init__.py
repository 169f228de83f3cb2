"""Rating videos: the Rater and what it returns."""

from .defects import Defect, parse_defects
from .rater import Event, Rated, Rater, Watched, Wrote
from .rating import Comparison, Frame, Rating, Rollout, Timings
from .words import score_word

__all__ = [
    "Comparison",
    "Defect",
    "Event",
    "Frame",
    "Rated",
    "Rater",
    "Rating",
    "Rollout",
    "Timings",
    "Watched",
    "Wrote",
    "parse_defects",
    "score_word",
]
