"""States of the lab for tests: the surprising ones by hand, all others by chance."""

from __future__ import annotations

from hypothesis import strategies as st

from vqathinker.answer import compose
from vqathinker.space.lab.experiment.state import CONSTANTS, MAX_STEP, VIEWS, LabState, LabVideo

NUMBERS = st.floats(1, 5).map(lambda x: f"{x:.2f}") | st.sampled_from(
    ["3", "3.5", "3.50", "3110", "-1", "0.99", "5.01"]
)
TEXTS = (
    NUMBERS.map(lambda number: compose("Sharp.", number))
    | st.sampled_from(
        ["", "Frame1 is sharp", "<answer>3.2</answer>", "<think><b>&\"'</think><answer>fair</answer>", "4.12"]
    )
    | st.text(max_size=30)
)


def _between(low: float, high: float) -> st.SearchStrategy:
    return st.integers(low, high) if isinstance(low, int) else st.floats(low, high)


@st.composite
def states(draw: st.DrawFn) -> LabState:
    answers, count = draw(st.integers(1, 8)), draw(st.integers(1, 4))
    group = st.lists(TEXTS, min_size=answers, max_size=answers).map(tuple)
    mos = st.sampled_from([1.0, 2.4, 3.5, 5.0]) | st.floats(1, 5)
    name = st.sampled_from(["A", "B", "<i>", "Y"])
    videos = tuple(LabVideo(draw(name), draw(mos), draw(group), draw(group)) for _ in range(count))
    return LabState(
        videos=videos,
        view=draw(st.sampled_from(VIEWS)),
        video=draw(st.integers(0, count - 1)),
        answer=draw(st.integers(0, answers - 1)),
        in_order=draw(st.booleans()),
        rival=draw(st.integers(0, 3)),
        step=draw(st.integers(0, MAX_STEP)),
        seed=draw(st.integers(0, 99)),
        off=draw(st.sampled_from([(), (), ("format",), ("regression", "temporal")])),
        updates=draw(st.integers(0, 2)),
        **{name: draw(_between(*limits)) for name, limits in CONSTANTS.items()},
    )
