"""The one thing to notice in each view of the lab, as a sentence computed from the state."""

from __future__ import annotations

from ....rewards.notation import num, plain
from ...widgets.texts import CHECK_BUTTON
from ..experiment.explain import bonus_of, score_of, trace_of_bonus
from ..experiment.numbers import Numbers, answer_text, differ, group
from ..experiment.state import MINE
from . import shifts, steps

FLAT_WITHIN, FLAT_BEYOND = 0.3, 3.0  # errors, in sigmas, up to and from which the bell is nearly flat
SURE_ABOVE = 0.1


def notice(numbers: Numbers, view: str | None = None) -> str:
    """The sentence of a view, the state's own by default."""
    return TELLS[view or numbers.state.view](numbers)


def video_notice(numbers: Numbers) -> str:
    clip = numbers.state.chosen.clip
    if not clip:
        return "A step begins with a video and what people said of it. The model never sees that number."
    return (
        "The same clip, asked about again and again, gets different answers: they are sampled. Training compares "
        "these answers with each other."
    )


def frames_notice(numbers: Numbers) -> str:
    return (
        "Six frames, and a short burst around each, are all that is looked at. Where the same clip is shown once more "
        "with its frames shuffled, every single frame is as good as before."
    )


def bell_notice(numbers: Numbers) -> str:
    state, side, other = numbers.state, numbers.repaired, numbers.released
    i, j, in_order = state.video, state.answer, state.in_order
    text = f"“{answer_text(group(state)[j])[:40]}”"
    paid, released = _regression(side, i, j, in_order), _regression(other, i, j, in_order)
    score = score_of(side, i, j, in_order)
    if score is None:
        return _unreadable(numbers, text, released)
    if other is not None and differ(paid, released):
        shown, counted = (one.table(in_order).answers.read[i][j].decimals for one in (side, other))
        return (
            f"{text} shows {_count(shown)} decimals, but the released code casts it to a float first, counts "
            f"{_count(counted)}, and pays {num(released)} instead of {num(paid)}."
        )
    error, trace = abs(score - state.chosen.mos), side.table(in_order).trace["regression"]
    if trace.factor[i, j] < 1:
        kept = f"keeps only {plain(trace.factor[i, j])} of its bell: {num(paid)} instead of {num(trace.bell[i, j])}"
        return f"{text} shows too few decimals, so it {kept}."
    if error <= FLAT_WITHIN * state.sigma:
        return (
            f"An error of {num(error, 2)} costs only {num(1 - paid)}: near the truth the bell is flat, and close "
            "is as good as exact."
        )
    if error >= FLAT_BEYOND * state.sigma:
        return (
            f"An error of {num(error, 2)} earns {num(paid)}: out here the bell is flat again, and a slightly "
            "better guess "
            "earns hardly more. The ranking has to help."
        )
    return f"An error of {num(error, 2)} earns {num(paid)}: on this slope the bell is steep, and every hundredth pays."


def _regression(side, i: int, j: int, in_order: bool) -> float:
    return float("nan") if side is None else float(side.table(in_order).regression[i, j])


def _unreadable(numbers: Numbers, text: str, released: float) -> str:
    state, other = numbers.state, numbers.released
    read = other and score_of(other, state.video, state.answer, state.in_order)
    if other is None:
        return f"{text} holds no score, so it earns 0."
    if read is None:
        return (
            f"{text} is no number: repaired, it earns 0; the released code draws a score at random, which pays "
            f"{num(released)} this time."
        )
    return (
        f"{text} is no score: repaired, it earns 0; the released code takes it for {plain(read)} and pays "
        f"{num(released)}."
    )


def ranking_notice(numbers: Numbers) -> str:
    state, side = numbers.state, numbers.repaired
    i, k = state.video, state.opponent
    if k is None:
        return "One video has no opponent: the ranking reward is 0 for everyone, and the released code divides by zero."
    first, second = state.chosen, state.videos[k]
    for video, mean in ((first, side.mean[i]), (second, side.mean[k])):
        if mean.isnan():
            return f"No answer to {video.name} can be read, so {video.name} is nobody's opponent."
    p, g, mean = float(side.matrix[i, k]), float(side.target[i, k]), num(side.ordered.ranking[i].mean())
    if len(state.videos) > 2:
        mean += " against all the others"
    if g == 0.5:
        return (
            f"People rate {first.name} and {second.name} the same, so P = 0.5 would pay most; here P is {num(p)}, "
            "and the "
            f"answers to {first.name} earn {mean} on average."
        )
    right = p if g == 1 else 1 - p
    verdict = f"P({first.name} beats {second.name}) is {num(p)}"
    if float(side.variance[i] + side.variance[k]) == 0:
        lead = num(abs(float(side.mean[i] - side.mean[k])), 2)
        if side.mean[i] == side.mean[k]:
            return f"No group spreads, and both say the same: {verdict}, and the answers to {first.name} earn {mean}."
        return (
            f"No group spreads, so a lead of {lead} is already certainty: {verdict}, and being closer to the truth "
            "earns nothing here."
        )
    if right < SURE_ABOVE:
        return (
            f"Sure of the wrong order: {verdict}, people say the opposite, and the answers to {first.name} earn "
            f"{mean} on average."
        )
    if right < 0.5:
        return (
            f"The wrong order, but not a sure one: {verdict}, and the answers to {first.name} still earn {mean} on "
            "average."
        )
    if right > 1 - SURE_ABOVE:
        return f"Right and sure: {verdict}, people agree, and the answers to {first.name} earn {mean} on average."
    return f"Right but unsure: {verdict}; less overlap of the two groups would earn more than {mean} on average."


def temporal_notice(numbers: Numbers) -> str:
    state, side, other = numbers.state, numbers.repaired, numbers.released
    i, name = state.video, state.chosen.name
    winners, released = _winners(side, i), _winners(other, i) if other else set()
    ranked, regressed = (trace_of_bonus(side, x) for x in ("ranking", "regression"))
    rank, rank_twin, close, close_twin = (
        float(means[i]) for one in (ranked, regressed) for means in (one.ordered, one.perturbed)
    )
    if name == MINE and state.chosen.ordered == state.chosen.shuffled:
        return (
            "Your video has not been shown in disorder yet: the same answers stand in for those, and what differs "
            f"comes from the other videos. “{CHECK_BUTTON}” on the first tab brings its own."
        )
    if rank == rank_twin and close == close_twin:
        same = (
            f"In order and shuffled, {name} earns exactly the same: nothing was gained from the right order, so "
            "there is no bonus."
        )
        if other is None:
            return same
        return (
            f"{same} The released code counts a tie as a win and pays {plain(state.bonus)} to {len(released)} of "
            f"{state.answers} answers."
        )
    if close_twin > close and rank_twin >= rank:
        more = (
            f"Shuffled, {name} earns more than in order ({num(close_twin)} against {num(close)} for the bell), so "
            "no answer gets the bonus"
        )
        return (
            f"{more}; the released code pays it all the same, because the whole batch gained."
            if released
            else f"{more}: the order did not help."
        )
    coarse = _too_coarse(numbers) if other else []
    if coarse:
        return (
            f"“{answer_text(state.chosen.ordered[coarse[0]])[:20]}” is punished to "
            f"{num(other.ordered.regression[i, coarse[0]])} in the released code, below the threshold of "
            f"{plain(state.regression_gate)}, so its bell can never earn the bonus; repaired, it does."
        )
    gates = [label for label, one in (("ranking", ranked), ("bell", regressed)) if one.opened[i]]
    if not gates:
        return f"Shuffled, {name} ranks better than in order ({num(rank_twin)} against {num(rank)}): no bonus."
    gained = f"In order, {name} earns more than shuffled ({' and '.join(gates)})"
    if not state.bonus:
        return f"{gained}, but the bonus is set to 0."
    if not winners:
        return f"{gained}, but no answer passes the threshold there: no bonus."
    return f"{gained}, so {len(winners)} of {state.answers} answers {'gets' if len(winners) == 1 else 'get'} a bonus."


def _winners(side, i: int) -> set[int]:
    """The answers that a bonus was paid to."""
    answers = range(side.ordered.total.shape[1])
    return {j for j in answers if any(bonus_of(side, i, j, name) > 0 for name in side.paid)}


def _too_coarse(numbers: Numbers) -> list[int]:
    """Answers whose bell earns the bonus repaired, but falls below the threshold by the released decimals rule."""
    i, side, other = numbers.state.video, numbers.repaired, numbers.released
    gate = trace_of_bonus(other, "regression").gate
    return [
        j
        for j in range(numbers.state.answers)
        if bonus_of(side, i, j, "regression") > 0
        and bonus_of(other, i, j, "regression") == 0
        and gate.compared[i, j] <= gate.threshold < other.ordered.bell[i, j]
    ]


def _count(number: int) -> str:
    """A number of decimals, in words as long as there is one."""
    return "none" if number == 0 else steps.COUNT[number] if number < len(steps.COUNT) else str(number)


TELLS = {
    "video": video_notice,
    "frames": frames_notice,
    "bell": bell_notice,
    "ranking": ranking_notice,
    "temporal": temporal_notice,
    "step": steps.walk_notice,
    "update": shifts.update_notice,
}
