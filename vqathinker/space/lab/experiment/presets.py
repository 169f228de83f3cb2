"""States that lead to what surprises in the rewards, each with the sentence that its view then shows."""

from __future__ import annotations

from dataclasses import dataclass

from .state import LabState, LabVideo, made_up


@dataclass(frozen=True)
class Preset:
    """A way into the lab: what its button says, the state, and the notice that the state's view must show."""

    title: str
    state: LabState
    promise: str


B = "2.40: 2.31 2.88 2.54 3.42 / 2.05 3.27 3.05 3.76"


def _state(view: str, *videos: str, **options) -> LabState:
    """Videos A, B, … from "MOS: numbers in order / numbers shuffled"."""
    return LabState(tuple(map(_video, "ABCD", videos)), view=view, **options)


def _video(name: str, line: str) -> LabVideo:
    mos, _, groups = line.partition(": ")
    ordered, _, shuffled = groups.partition(" / ")
    return made_up(name, float(mos), ordered.split(), shuffled.split())


FAR_APART = ("4.30: 2.81 3.25 3.05 3.45 / 2.95 3.12 2.48 3.61", "1.80: 3.31 2.88 3.54 3.02 / 3.05 3.27 2.85 3.46")
"""Two videos that people tell apart, answered alike."""
PRESETS = {
    "punished": Preset(
        "3.50 is punished",
        _state("bell", "3.50: 3.50 3.47 3.55 3.30 / 2.95 3.62 2.48 4.61", B),
        "“3.50” shows two decimals, but the released code casts it to a float first, counts one, and pays "
        "0.800 instead of 1.000.",
    ),
    "flat": Preset(
        "Far off, nothing to gain",
        _state("bell", "4.50: 2.95 3.25 3.05 2.55 / 2.95 3.62 2.48 4.61", B),
        "An error of 1.55 earns 0.008: out here the bell is flat again, and a slightly better guess earns "
        "hardly more. The ranking has to help.",
    ),
    "wrong": Preset(
        "Sure, and wrong",
        _state(
            "ranking",
            "4.20: 2.05 2.21 1.93 2.12 / 2.41 2.21 2.01 2.11",
            "2.10: 3.92 4.13 4.05 3.81 / 3.91 4.11 4.01 3.81",
        ),
        "Sure of the wrong order: P(A beats B) is 0.000, people say the opposite, and the answers to A earn "
        "0.002 on average.",
    ),
    "tie": Preset(
        "A tie",
        _state(
            "ranking",
            "3.20: 3.62 3.85 3.41 4.02 / 3.41 3.81 3.31 4.11",
            "3.20: 2.81 3.15 2.62 2.93 / 2.91 3.11 2.61 3.01",
        ),
        "People rate A and B the same, so P = 0.5 would pay most; here P is 0.993, and the answers to A earn "
        "0.779 on average.",
    ),
    "spike": Preset(
        "No spread: certainty",
        _state(
            "ranking",
            "3.80: 3.05 3.05 3.05 3.05 / 3.01 3.01 3.01 3.01",
            "2.40: 3.00 3.00 3.00 3.00 / 3.11 3.11 3.11 3.11",
        ),
        "No group spreads, so a lead of 0.05 is already certainty: P(A beats B) is 1.000, and being closer to "
        "the truth earns nothing here.",
    ),
    "twin": Preset(
        "The shuffled twin wins",
        _state(
            "temporal",
            "3.50: 2.71 3.08 2.55 4.36 / 3.42 3.61 3.18 3.53",
            "2.40: 2.31 2.88 2.54 3.42 / 2.39 2.45 2.52 2.61",
        ),
        "Shuffled, A earns more than in order (0.944 against 0.346 for the bell), so no answer gets the "
        "bonus: the order did not help.",
    ),
    "same": Preset(
        "Shuffling changes nothing",
        _state(
            "temporal",
            "3.50: 3.47 3.82 3.41 4.28 / 3.47 3.82 3.41 4.28",
            "2.40: 2.31 2.88 2.54 3.42 / 2.31 2.88 2.54 3.42",
        ),
        "In order and shuffled, A earns exactly the same: nothing was gained from the right order, so there "
        "is no bonus. The released code counts a tie as a win and pays 0.3 to 4 of 4 answers.",
    ),
    "coarse": Preset(
        "Exact, and no bonus",
        _state("temporal", "4.00: 4.00 3.62 3.41 4.55 / 2.95 3.12 2.48 4.81", B),
        "“4.00” is punished to 0.800 in the released code, below the threshold of 0.9, so its bell can never "
        "earn the bonus; repaired, it does.",
    ),
    "batch": Preset(
        "Paid for another video",
        _state(
            "temporal",
            "3.50: 3.47 3.58 3.41 4.06 / 3.48 3.56 3.44 3.91",
            "2.40: 2.39 2.45 2.52 2.31 / 1.22 1.35 1.10 1.41",
        ),
        "Shuffled, A earns more than in order (0.925 against 0.876 for the bell), so no answer gets the "
        "bonus; the released code pays it all the same, because the whole batch gained.",
    ),
    "equal": Preset(
        "All equal: no gradient",
        _state("step", "3.50: 3.42 3.42 3.42 3.42 / 3.42 3.42 3.42 3.42", B, step=7),
        "All four answers to A earn the same, 3.240: every advantage is 0, there is no gradient, and A "
        "teaches nothing in this step.",
    ),
    "unreadable": Preset(
        "An unreadable answer",
        _state("step", "3.50: 3.47 3.82 fair 4.28 / 2.95 3.62 2.48 4.61", B, step=7, answer=2),
        "A3 cannot be read: repaired, it earns 1.000 and is pushed down; the released code draws its score at "
        "random, which earns 2.776 this time.",
    ),
    "flipped": Preset(
        "Pushed the other way",
        _state("step", "3.50: 3.50 3.19 3.81 3.27 / 3.35 3.62 3.48 3.61", B, step=7),
        "A1 is pushed up (1.32), but the released code pushes the same answer down (−0.30).",
    ),
    "formless": Preset(
        "No format reward",
        _state("update", *FAR_APART, off=("format",), updates=60),
        "Without the format reward, 46% of the answers are well-formed after 60 steps; with all rewards, 99%.",
    ),
    "bellless": Preset(
        "No bell",
        _state("update", *FAR_APART, off=("regression",), updates=60),
        "Without the bell, the expected scores are 0.54 off after 60 steps; with all rewards, 0.03.",
    ),
    "blind": Preset(
        "Only the format",
        _state("update", *FAR_APART, off=("regression", "ranking", "temporal"), updates=20),
        "Without the bell, the ranking and the bonus, the expected scores are 1.30 off after 20 steps; with all "
        "rewards, 0.47.",
    ),
    "orderless": Preset(
        "No temporal bonus",
        _state("update", *FAR_APART, off=("temporal",), updates=20),
        "Without the bonus nothing has broken after 20 steps: every measure is within 0.1 of that with all rewards. "
        "The shuffled clip is never trained on: the bonus only makes good answers to the clip in order count for more.",
    ),
}
