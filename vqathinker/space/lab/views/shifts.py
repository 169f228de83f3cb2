"""The one thing to notice about the update, as a sentence computed from the courses that were taken."""

from __future__ import annotations

from ....rewards.notation import num
from ..experiment.learning import MUCH, PolicySnapshot, all_on, broken, course, logps_of
from ..experiment.numbers import Numbers
from ..experiment.state import LabState

REWARD_PHRASES = {
    "format": "the format reward",
    "regression": "the bell",
    "ranking": "the ranking",
    "temporal": "the bonus",
}


def update_notice(numbers: Numbers) -> str:
    state = numbers.state
    if not state.updates:
        return (
            "Nothing has been learned yet. A step takes the answers on the stage, rewards them, and shifts what the "
            "policy will answer; after that it answers anew."
        )
    moments = course(state)
    return ablation_notice(state, moments[-1]) if state.off else shift_notice(state, *moments[-2:])


def ablation_notice(state: LabState, now: PolicySnapshot) -> str:
    """What the missing rewards cost, beside the same steps with all of them."""
    names = [REWARD_PHRASES.get(name, name) for name in state.off]
    without = f"Without {' and '.join(', '.join(names).rsplit(', ', 1))}"
    worst, whole = broken(state), course(all_on(state))[-1].measures
    after = f"after {state.updates} step{'s' * (state.updates != 1)}"
    if worst is None:
        more = TRAINED_ON_ORDER if "temporal" in state.off else "Look again after more steps."
        return (
            f"{without} nothing has broken {after}: every measure is within {MUCH:g} of that with all rewards. {more}"
        )
    mine, theirs = (getattr(measures, worst) for measures in (now.measures, whole))
    return {
        "form": f"{without}, {mine:.0%} of the answers are well-formed {after}; with all rewards, {theirs:.0%}.",
        "error": f"{without}, the expected scores are {num(mine, 2)} off {after}; with all rewards, {num(theirs, 2)}.",
        "order": f"{without}, the order of the videos is right with {num(mine, 2)} {after}; with all rewards, with "
        f"{num(theirs, 2)}.",
        "gain": f"{without}, the right order of the frames is worth {num(mine, 2)} {after}; with all rewards, "
        f"{num(theirs, 2)}.",
    }[worst]


TRAINED_ON_ORDER = (
    "The shuffled clip is never trained on: the bonus only makes good answers to the clip in order count for more."
)


def course_notice(numbers: Numbers) -> str:
    """What the steps so far did, from the start to now."""
    first, last = (one.measures for one in (course(numbers.state)[0], course(numbers.state)[-1]))
    return (
        f"Well-formed answers went from {first.form:.0%} to {last.form:.0%}, the error of the expected score from "
        f"{num(first.error, 2)} to {num(last.error, 2)}, and what the right order of the frames is worth from "
        f"{num(first.gain, 2)} to {num(last.gain, 2)}."
    )


def shift_notice(state: LabState, before: PolicySnapshot, now: PolicySnapshot) -> str:
    """Which answer of the last step gained most, and which lost most."""
    batch = now.batch
    change = (logps_of(now.policy, batch.tokens) - logps_of(before.policy, batch.tokens)).exp()
    (up, high), (down, low) = ((int(at), float(change.flatten()[at])) for at in (change.argmax(), change.argmin()))

    def told(place: int) -> str:
        i, j = divmod(place, state.answers)
        return f"{state.videos[i].name}{j + 1} (advantage {num(batch.advantages[i, j], 2)})"

    if high - low < 0.005:
        return "Every group earned the same for all its answers, so this step moved nothing."
    return (
        f"After step {state.updates}, {told(up)} is {num(high, 2)} times as likely as before it, {told(down)} "
        f"{num(low, 2)} times."
    )
