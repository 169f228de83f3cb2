"""A first visit's tour: where to look, and what it is for."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class TourStop:
    """place: a stop of the strip that is gone to first, empty for none; target: what is pointed at, as a selector."""

    place: str
    target: str
    title: str
    text: str


TOUR_STOPS = (
    TourStop("", ".lab-strip", "The whole way", "From a video to an update, in ten stops. A click goes there."),
    TourStop("video", ".lab-clips, .lab-view", "A real clip", "Choose one: its recorded answers come to the stage."),
    TourStop("bell", ".lab-stage", "The stage", "Every point is an answer. Drag it, or use the arrow keys."),
    TourStop("bell", ".lab-lesson, .lab-notice", "Guess first",
             "Guess a reward, reveal it, see the arithmetic. The switch above turns the questions off."),
    TourStop("bell", ".lab-formula", "The formula", "Each symbol leads to the control that moves it."),
    TourStop("temporal", ".lab-presets", "Surprising cases", "Every view has some; each is a question, too."),
    TourStop("advantage", ".lab-walk", "Number by number", "The whole step, one column at a time."),
    TourStop("update", ".lab-walk", "The update", "Take steps. Then switch a reward off, and watch what breaks."),
)  # fmt: skip


def tour_data() -> list[dict]:
    """The stops as the page's script takes them."""
    return [asdict(stop) for stop in TOUR_STOPS]
