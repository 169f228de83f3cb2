"""How each number of the lab comes about, written out with the numbers that went into it.

Every function gives lines of plain text. A line with "=" is arithmetic: what stands left of the last "=" evaluates,
within rounding, to what stands right of it; Φ is the normal distribution function.
"""

from __future__ import annotations

import math

import torch

from ....rewards import fidelity, preference_probability, read_answer
from .numbers import Numbers, Side, written

SPEC = {"coarse": "fewer than {} decimals count", "random": "no number: the released code draws a random score"}


def num(value: float | torch.Tensor, digits: int = 3) -> str:
    """A number as the lab writes it, with a real minus sign.

    >>> num(-0.0001), num(-1.5, 2)
    ('0.000', '−1.50')
    """
    text = f"{float(value):.{digits}f}"
    return text.lstrip("-") if float(text) == 0 else text.replace("-", "−")


def chance(probability: float | torch.Tensor) -> str:
    """A probability, with more digits near its ends, where the square roots of the reward are steep."""
    return num(probability, 4 if 0.01 < float(probability) < 0.99 else 6)


def digits_for(value: float | torch.Tensor) -> int:
    """How many decimals show five digits of a positive number: 4 to 8."""
    return 4 if not float(value) > 0 else min(max(4, 4 - math.floor(math.log10(float(value)))), 8)


def plain(value: float) -> str:
    """As few digits as the number needs: 0.3, 0.8, 1."""
    return f"{float(value):g}"


def score_of(side: Side, i: int, j: int, in_order: bool = True) -> float | None:
    """The score that counts, None where there is none."""
    value = float((side.ordered if in_order else side.shuffled).scores[i, j])
    return None if value != value else value


def parse_lines(numbers: Numbers, side: Side, i: int, j: int) -> list[str]:
    text = numbers.state.videos[i].ordered[j]
    answer, score = read_answer(text, side.spec), score_of(side, i, j)
    if answer.value is None:
        return ["no number to read" + ("" if side.spec.unreadable_is_lowest else "; a random score takes its place")]
    if score is None:
        return [
            f"{plain(answer.value)} is off the scale from {side.spec.lowest:g} to {side.spec.highest:g}: unreadable"
        ]
    return [f"“{written(text)[:60]}” is read as {plain(answer.value)}; decimals that count: {answer.decimals}"]


def format_lines(side: Side, i: int, j: int) -> list[str]:
    if side.ordered.format[i, j]:
        return ["one think block, then one answer block: 1"]
    return ["not exactly one think block followed by one answer block: 0"]


def regression_lines(numbers: Numbers, side: Side, i: int, j: int, in_order: bool = True) -> list[str]:
    """The bell and the decimals rule, before the temporal bonus."""
    video, table = numbers.state.videos[i], side.ordered if in_order else side.shuffled
    text = (video.ordered if in_order else video.shuffled)[j]
    score, reward, spec = score_of(side, i, j, in_order), table.regression[i, j], side.spec
    if score is None:
        return [f"unreadable: {num(reward)}" if spec.unreadable_is_lowest else f"{SPEC['random']}: {num(reward)}"]
    bell = f"exp(−({num(score, 4)} − {num(video.mos, 4)})² / (2 × {num(spec.sigma, 4)}²))"
    if read_answer(text, spec).decimals < spec.min_decimals:
        return [SPEC["coarse"].format(spec.min_decimals), f"{bell} × {plain(spec.coarse_factor)} = {num(reward)}"]
    return [f"{bell} = {num(reward)}"]


def probability_line(side: Side, score: float, i: int, k: int) -> str:
    """How likely a score of video i beats video k."""
    mean, var_i, var_k = side.mean[k], side.variance[i], side.variance[k]
    p = preference_probability(torch.tensor(score), var_i, mean, var_k, side.spec.smoothing)
    spread = f"√({num(var_i, digits_for(var_i))} + {num(var_k, digits_for(var_k))} + {side.spec.smoothing:.6f})"
    return f"Φ(({num(score, 4)} − {num(mean, 4)}) / {spread}) = {chance(p)}"


def fidelity_line(side: Side, probability: float | torch.Tensor, target: float | torch.Tensor) -> str:
    p, g, e = chance(probability), plain(target), f"{side.spec.smoothing:.6f}"
    value = fidelity(torch.as_tensor(probability), torch.as_tensor(target), side.spec.smoothing)
    return f"√({p} × {g} + {e}) + √((1 − {p}) × (1 − {g}) + {e}) = {num(value)}"


def opponents(side: Side, i: int) -> list[int]:
    """The other videos with at least one readable answer."""
    return [k for k in range(len(side.mean)) if k != i and not side.mean[k].isnan()]


def met(side: Side, i: int, j: int, k: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Probability and fidelity of answer j of video i against video k."""
    p = preference_probability(
        side.ordered.scores[i, j], side.variance[i], side.mean[k], side.variance[k], side.spec.smoothing
    ).nan_to_num(0.5)
    return p, fidelity(p, side.target[i, k], side.spec.smoothing)


def meeting_lines(numbers: Numbers, side: Side, i: int, j: int, k: int) -> list[str]:
    """One answer against one other video."""
    score = score_of(side, i, j)
    if score is None or side.mean[k].isnan():
        return ["nothing to compare"]
    p, _ = met(side, i, j, k)
    names = [video.name for video in numbers.state.videos]
    question = f"P({names[i]}{j + 1} beats {names[k]})"
    if side.variance[i].isnan() or side.variance[k].isnan():
        return [
            f"{question}: one answer has no variance, so P is set to 0.5",
            fidelity_line(side, p, side.target[i, k]),
        ]
    return [f"{question} = {probability_line(side, score, i, k)}", fidelity_line(side, p, side.target[i, k])]


def ranking_lines(numbers: Numbers, side: Side, i: int, j: int) -> list[str]:
    """An answer against every other video, averaged; before the temporal bonus."""
    others, reward = opponents(side, i), side.ordered.ranking[i, j]
    if score_of(side, i, j) is None:
        why = "unreadable" if side.spec.unreadable_is_lowest else SPEC["random"]
        return [f"{why}: {num(reward)}"]
    if _random(side):
        return [f"the random score of an answer without a number took part in means and variances: {num(reward)}"]
    if not others:
        return [f"no opponent: {num(reward)}"]
    lines = [line for k in others for line in meeting_lines(numbers, side, i, j, k)]
    if len(others) > 1:
        parts = [num(met(side, i, j, k)[1], 4) for k in others]
        lines.append(f"({' + '.join(parts)}) / {len(others)} = {num(reward)}")
    return lines


def _random(side: Side) -> bool:
    """Whether random scores took part in the ranking."""
    return not side.spec.unreadable_is_lowest and bool(side.ordered.scores.isnan().any())


def matrix_lines(numbers: Numbers, side: Side, i: int, k: int) -> list[str]:
    """The probability that video i is better than video k, by their groups."""
    if side.mean[i].isnan() or side.mean[k].isnan():
        return ["nothing readable to compare"]
    names = [video.name for video in numbers.state.videos]
    people = {1.0: "people: yes, g is 1", 0.5: "people: the same, g is 0.5", 0.0: "people: no, g is 0"}
    line = probability_line(side, float(side.mean[i]), i, k)
    return [f"P({names[i]} beats {names[k]}) = {line}", people[float(side.target[i, k])]]


def gate_means(side: Side, i: int, name: str) -> tuple[float, float]:
    """Mean reward in order and shuffled, of the group or, as released, of the whole batch."""
    rows = slice(i, i + 1) if side.spec.gate_per_video else slice(None)
    first, second = (getattr(table, name)[rows].double().mean() for table in (side.ordered, side.shuffled))
    return float(first), float(second)


def bonus_of(side: Side, i: int, j: int, name: str) -> float:
    """What the temporal bonus added to one reward."""
    return float(getattr(side.rewarded, name)[i, j]) - float(getattr(side.ordered, name)[i, j])


def bonus_lines(side: Side, i: int, j: int, name: str) -> list[str]:
    first, second = gate_means(side, i, name)
    spec = side.spec
    opened = first > second if spec.gate_needs_gain else first >= second
    sign = (">" if spec.gate_needs_gain else "≥") if opened else ("≤" if spec.gate_needs_gain else "<")
    over = "" if spec.gate_per_video else ", over all videos"
    lines = [
        f"{name}{over}: in order {num(first, 4)} {sign} shuffled {num(second, 4)}, gate "
        f"{'open' if opened else 'closed'}"
    ]
    if opened:
        compared, threshold = compared_with_gate(side, i, j, name)
        passed = bonus_of(side, i, j, name) > 0 or (spec.bonus == 0 and compared > threshold)
        paid = f"+{plain(spec.bonus)}" if passed else "no bonus"
        lines.append(f"{num(compared)} {'>' if passed else '≤'} threshold {plain(threshold)}: {paid}")
    return lines


def compared_with_gate(side: Side, i: int, j: int, name: str) -> tuple[float, float]:
    """What is compared with which threshold."""
    if name == "ranking":
        return float(side.ordered.ranking[i, j]), side.spec.ranking_gate
    table = side.ordered.bell if side.spec.bonus_ignores_coarseness else side.ordered.regression
    return float(table[i, j]), side.spec.regression_gate


def total_lines(side: Side, i: int, j: int) -> list[str]:
    table = side.rewarded
    parts = [num(getattr(table, name)[i, j], 4) for name in ("ranking", "regression", "format")]
    return ["ranking + regression + format, bonus included", f"{' + '.join(parts)} = {num(table.total[i, j])}"]


def advantage_lines(side: Side, i: int, j: int) -> list[str]:
    totals = side.rewarded.total[i]
    if bool((totals == totals[0]).all()):
        return ["all rewards of the group are equal: 0.000"]
    mean, deviation = totals.mean(), totals.std()
    value = side.advantages[i, j]
    fine = digits_for(deviation)
    line = f"({num(totals[j], fine)} − {num(mean, fine)}) / ({num(deviation, fine)} + 0.0001) = {num(value)}"
    return ["(total − mean of the group) / (spread of the group + 0.0001)", line]
