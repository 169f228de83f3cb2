"""The way of a step on one strip, from the video to the update: where one is, and one click to anywhere else."""

from __future__ import annotations

from dataclasses import dataclass

from ...rewards import REWARDS
from .experiment.numbers import last_step
from .experiment.state import LabState
from .views import svg


@dataclass(frozen=True)
class Station:
    """A stop on the way: the place that it leads to (`WAY_PLACES`), and its name."""

    place: str
    name: str


WAY = (
    Station("video", "Video"),
    Station("frames", "Frames"),
    Station("answers", "Answers"),
    Station("scores", "Scores"),
    Station("bell", "Bell"),
    Station("ranking", "Ranking"),
    Station("temporal", "Temporal"),
    Station("total", "Total"),
    Station("advantage", "Advantage"),
    Station("update", "Update"),
)
ABOUT_REWARDS = ("bell", "ranking", "temporal", "total")
"""The stops that are about rewards."""


def here(state: LabState) -> str:
    """The place where a state stands."""
    if state.view != "step":
        return state.view
    last = last_step()
    step = min(state.step, last)
    if step <= 1:
        return ("answers", "scores")[step]
    if step >= last - 2:
        return ("temporal", "total", "advantage")[step - last + 2]
    return {"ranking": "ranking"}.get(list(REWARDS)[step - 2], "bell")


def way_strip(state: LabState) -> str:
    now, passed = here(state), True
    stops = []
    for k, station in enumerate(WAY, 1):
        passed = passed and station.place != now
        css = "lab-stop" + (" passed" if passed else "") + (" of-rewards" if station.place in ABOUT_REWARDS else "")
        stops.append(
            "<li>"
            + svg.button(
                {"kind": "go", "to": station.place},
                f"<b>{k}</b><span>{station.name}</span>",
                css=css,
                current=station.place == now,
                label=station.name,
            )
            + "</li>"
        )
    return f'<nav class="lab-strip" aria-label="The way from a video to an update"><ol>{"".join(stops)}</ol></nav>'
