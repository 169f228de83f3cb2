"""The one thing to notice in the whole step: what is known at this stop of it, and nothing of the stops to come."""

from __future__ import annotations

from ....rewards import REWARDS
from ....rewards.notation import num, plain
from ..experiment.explain import bonus_of, score_of
from ..experiment.numbers import Numbers, last_step

COUNT = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight")


def walk_notice(numbers: Numbers) -> str:
    last = last_step()
    here = min(numbers.state.step, last)
    if here == last:
        return advantage_notice(numbers)
    rewards = dict(enumerate(REWARDS, 2))
    if here in rewards:
        return reward_notice(numbers, rewards[here])
    return {0: answers_notice, 1: scores_notice, last - 2: bonus_notice, last - 1: total_notice}[here](numbers)


def answers_notice(numbers: Numbers) -> str:
    state = numbers.state
    return (
        f"{COUNT[state.answers].capitalize()} answer{'s' * (state.answers > 1)} to each video. All that differs is "
        "what was written; which is best has not been said."
    )


def scores_notice(numbers: Numbers) -> str:
    side = numbers.repaired
    places = [(i, j) for i in range(len(numbers.state.videos)) for j in range(numbers.state.answers)]
    lost = [numbers.state.videos[i].name + str(j + 1) for i, j in places if score_of(side, i, j) is None]
    if lost:
        return f"{', '.join(lost)} cannot be read: repaired, the rewards that need a score will pay 0 for it."
    return f"All {len(places)} answers hold a score that can be read."


def reward_notice(numbers: Numbers, name: str) -> str:
    """A reward of the chosen video's answers: who gets most and least of it."""
    state, group = numbers.state, numbers.repaired.ordered.trace[name].reward[numbers.state.video]
    video, title = state.chosen.name, REWARDS[name].title.lower()
    best, worst = int(group.argmax()), int(group.argmin())
    if float(group[best] - group[worst]) < 5e-4:
        return f"All answers to {video} get the same of the {title} reward: {num(group[0])}."
    return (
        f"Of the answers to {video}, {video}{best + 1} gets most of the {title} reward ({num(group[best])}) and "
        f"{video}{worst + 1} least ({num(group[worst])})."
    )


def bonus_notice(numbers: Numbers) -> str:
    side, state = numbers.repaired, numbers.state
    got = [
        j + 1
        for j in range(state.answers)
        if any(bonus_of(side, state.video, j, name) > 0 for name in side.rewarded.bonus)
    ]
    count = f"{len(got)} of {state.answers} answers to {state.chosen.name}"
    return f"{count} get a bonus." if len(got) != 1 else f"{count} gets a bonus."


def total_notice(numbers: Numbers) -> str:
    totals, name = numbers.repaired.rewarded.total[numbers.state.video], numbers.state.chosen.name
    return (
        f"The answers to {name} earn {num(totals.min())} to {num(totals.max())}. How much that is means nothing yet: "
        "what counts is how they compare with each other."
    )


def advantage_notice(numbers: Numbers) -> str:
    state, side, other = numbers.state, numbers.repaired, numbers.released
    i, name, total, push = (
        state.video,
        state.chosen.name,
        side.rewarded.total[state.video],
        side.advantages[state.video],
    )
    if state.answers == 1:
        return f"One answer has nothing to be compared with: its advantage is 0, and {name} teaches nothing."
    if not push.any():
        return (
            f"All {COUNT[state.answers]} answers to {name} earn the same, {num(total[0])}: every advantage is 0, "
            "there is no "
            f"gradient, and {name} teaches nothing in this step."
        )
    lost = [j for j in range(state.answers) if score_of(side, i, j) is None]
    if lost:
        j = lost[0]
        first = f"{name}{j + 1} cannot be read: repaired, it earns {num(total[j])} and is pushed {_way(push[j])}"
        if other is None:
            return f"{first}."
        earned, read = num(other.rewarded.total[i, j]), score_of(other, i, j)
        if read is not None:
            return f"{first}; the released code takes it for {plain(read)}, which earns {earned}."
        return f"{first}; the released code draws its score at random, which earns {earned} this time."
    if other is not None:
        flipped = [j for j in range(state.answers) if float(push[j]) * float(other.advantages[i, j]) < 0]
        if flipped:
            j = flipped[0]
            return (
                f"{name}{j + 1} is pushed {_way(push[j])} ({num(push[j], 2)}), but the released code pushes the same "
                "answer "
                f"{_way(other.advantages[i, j])} ({num(other.advantages[i, j], 2)})."
            )
    return most(numbers)


def most(numbers: Numbers) -> str:
    """Which answers to the chosen video are pushed most."""
    side, i, name = numbers.repaired, numbers.state.video, numbers.state.chosen.name
    total, push = side.rewarded.total[i], side.advantages[i]
    best, worst = int(push.argmax()), int(push.argmin())
    return (
        f"{name}{best + 1} earns most ({num(total[best])}) and is pushed up most ({num(push[best], 2)}); "
        f"{name}{worst + 1} "
        f"earns least ({num(total[worst])}) and is pushed down most ({num(push[worst], 2)})."
    )


def _way(push) -> str:
    return "up" if float(push) > 0 else "down"
