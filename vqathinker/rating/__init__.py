"""Rating videos: the Rater and what it returns. What is named here is imported when it is first asked for, so that
words and defects are there without the model's libraries."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .ask import QuestionError, Reply
    from .defects import Defect, parse_defects
    from .events import Event, Opened, Rated, Replied, TimelineMade, Watched, WindowRated, Wrote
    from .faults import Fault
    from .rater import Rater
    from .rating import Comparison, Frame, ModelComparison, Novelty, Rating, Rollout, Timings, first_better
    from .timeline import Timeline, TimelineWindow
    from .words import score_word

HOMES = {
    "ask": ("QuestionError", "Reply"),
    "defects": ("Defect", "parse_defects"),
    "events": ("Event", "Opened", "Rated", "Replied", "TimelineMade", "Watched", "WindowRated", "Wrote"),
    "faults": ("Fault",),
    "rater": ("Rater",),
    "rating": ("Comparison", "Frame", "ModelComparison", "Novelty", "Rating", "Rollout", "Timings", "first_better"),
    "timeline": ("Timeline", "TimelineWindow"),
    "words": ("score_word",),
}
__all__ = [
    "Comparison",
    "Defect",
    "Event",
    "Fault",
    "Frame",
    "ModelComparison",
    "Novelty",
    "Opened",
    "QuestionError",
    "Rated",
    "Rater",
    "Rating",
    "Replied",
    "Reply",
    "Rollout",
    "Timeline",
    "TimelineMade",
    "TimelineWindow",
    "Timings",
    "Watched",
    "WindowRated",
    "Wrote",
    "first_better",
    "parse_defects",
    "score_word",
]


def __getattr__(name: str):
    for home, names in HOMES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{home}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
