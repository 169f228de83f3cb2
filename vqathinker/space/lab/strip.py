"""The way of a step on one strip, from the video to the update: where one is, and one click to anywhere else."""

from __future__ import annotations

from dataclasses import dataclass

from .experiment.state import LAST_STEP, LabState
from .views import svg


@dataclass(frozen=True)
class Station:
    """A stop on the way: the place that it leads to (`PLACES`), its name, and a shorter one."""

    place: str
    name: str
    short: str = ""


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
REWARDS = ("bell", "ranking", "temporal", "total")
"""The stops that are about rewards."""


def here(state: LabState) -> str:
    """The place where a state stands."""
    if state.view != "step":
        return state.view
    return {0: "answers", 1: "scores", LAST_STEP - 1: "total", LAST_STEP: "advantage"}.get(state.step, "")


def strip(state: LabState) -> str:
    now, passed = here(state), True
    if not now:  # a reward that the whole step tells of, and that has a view of its own
        now = {2: "scores", 3: "bell", 4: "ranking", 5: "temporal"}[state.step]
    stops = []
    for k, station in enumerate(WAY, 1):
        passed = passed and station.place != now
        css = "lab-stop" + (" passed" if passed else "") + (" of-rewards" if station.place in REWARDS else "")
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
