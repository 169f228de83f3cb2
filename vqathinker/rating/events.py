"""What happens while a video is rated, a question answered, a timeline made. Needs no torch: who shows events, such as
the page, knows them before the model is there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..video import Clip
    from ..video.reel import Window
    from .ask import Reply
    from .rating import Rating
    from .timeline import Timeline, TimelineWindow


@dataclass(frozen=True)
class Watched:
    """The clip is decoded: its frames can be shown."""

    clip: Clip


@dataclass(frozen=True)
class Wrote:
    """The answer so far."""

    text: str


@dataclass(frozen=True)
class Rated:
    """The end: the whole rating."""

    rating: Rating


@dataclass(frozen=True)
class Replied:
    """The end of a question: the whole reply."""

    reply: Reply


@dataclass(frozen=True)
class Opened:
    """The headers of the film are read: how long it is, and about how many windows it will have."""

    duration_s: float
    window_s: float
    step_s: float
    count: int


@dataclass(frozen=True)
class WindowRated:
    """One more window, in their order, and what it showed; about `count` there will be."""

    window: TimelineWindow
    shown: Window
    number: int
    count: int


@dataclass(frozen=True)
class TimelineMade:
    """The end: the whole timeline, or, after a stop, that of what had been rated."""

    timeline: Timeline


Event = Watched | Wrote | Rated
TimelineEvent = Opened | WindowRated | TimelineMade
