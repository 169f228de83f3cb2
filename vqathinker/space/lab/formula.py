"""The formula of each view, beside it before anything is pointed at; a symbol leads to the control that moves it."""

from __future__ import annotations

from html import escape

from ...rewards import RewardSpec
from ...rewards.advantage import STD_FLOOR
from ...rewards.notation import plain
from .experiment.numbers import Numbers

PREDICTED = ".lab-stage .handle.chosen"
MOS_HANDLE = ".lab-card.chosen .handle.mos"
OTHERS = ".lab-card:not(.chosen) .handle:not(.mos)"


def formula(numbers: Numbers) -> str:
    """The formula of the state's view, with what its symbols mean; nothing where a view has none."""
    state = numbers.state
    found = FORMULAS.get(state.view)
    if found is None:
        return ""
    line, meanings = found(numbers.repaired.spec)
    terms = "".join(f"<li>{symbol} {escape(meaning)}</li>" for symbol, meaning in meanings)
    return f'<div class="lab-formula"><p>{line}</p><ul>{terms}</ul></div>'


def sym(symbol: str, control: str, meaning: str) -> str:
    """A symbol that leads to its control: a CSS selector."""
    return (
        f'<button type="button" class="lab-sym" data-aim="{escape(control, quote=True)}" '
        f'aria-label="{escape(meaning, quote=True)}: go to its control">{symbol}</button>'
    )


def one(part: str) -> str:
    """A part that stays on one line where the page is narrow."""
    return f'<span class="lab-one">{part}</span>'


def _bell(spec: RewardSpec) -> tuple[str, list[tuple[str, str]]]:
    q, people, sigma = (
        sym("q̂", PREDICTED, "the predicted score"),
        sym("q", MOS_HANDLE, "what people say"),
        sym("σ", "[data-constant=sigma]", "the width of the bell"),
    )
    decimals = sym(plain(spec.coarse_factor), ".lab-view .lab-forms button", "how the score is written")
    return f"r = exp( −({q} − {people})² / {one(f'2{sigma}² )')}", [
        (q, "the predicted score of the chosen answer"),
        (people, "what people say, on average (MOS)"),
        (sigma, "how wide the bell is"),
        (decimals, f"times this, where fewer than {spec.min_decimals} decimals are written"),
    ]


def _ranking(spec: RewardSpec) -> tuple[str, list[tuple[str, str]]]:
    q, others = sym("q̂", PREDICTED, "the predicted score"), sym("μ", OTHERS, "the mean of the other video's answers")
    people = sym("g", MOS_HANDLE, "what people say of the pair")
    return (
        f"P = Φ( ({q} − {others}) / √(s² + s²<sub>other</sub>) ), &nbsp; r = √(P {people}) + √((1 − P)(1 − {people}))",
        [
            (q, "the predicted score of the chosen answer"),
            (others, "the mean of the answers to the other video; s² is how much the answers to a video spread"),
            (people, "1 where people rate this video higher, 0 where the other, ½ where they tie"),
            ("Φ", "the normal distribution: P is how likely it is that the answer puts this video first"),
        ],
    )


def _temporal(spec: RewardSpec) -> tuple[str, list[tuple[str, str]]]:
    bonus = sym("α", "[data-constant=bonus]", "the bonus")
    gate = sym("τ", "[data-constant=ranking_gate]", "the threshold")
    twin = sym("r̄′", ".lab-plot.twin .handle", "the mean reward of the shuffled answers")
    return f"r + {bonus} &nbsp; where r̄ &gt; {twin} and r &gt; {gate}", [
        (bonus, "the bonus"),
        (twin, "the mean reward of the answers to the shuffled clip; r̄ is that of the clip in order"),
        (gate, "a threshold that the answer itself must pass, one for the ranking and one for the bell"),
    ]


def _step(spec: RewardSpec) -> tuple[str, list[tuple[str, str]]]:
    reward = sym("r", PREDICTED, "the total reward of an answer")
    return f"A = ({reward} − mean) / (deviation + {STD_FLOOR:g})", [
        (reward, "the total reward of an answer: format, bell and ranking, with the bonus"),
        ("A", "its advantage: how much more it earned than the other answers to the same video"),
    ]


def _update(spec: RewardSpec) -> tuple[str, list[tuple[str, str]]]:
    clip = sym("ε", "[data-constant=epsilon]", "how far the ratio may go")
    brake = sym("β", "[data-constant=beta]", "the KL brake")
    low, high, kl = one(f"1 − {clip},"), one(f"1 + {clip})"), one(f"{brake} · KL")
    return f"loss = −min( ρA, clip(ρ, {low} {high} A ) + {kl}", [
        ("ρ", "how much likelier a token has become since the answers were sampled"),
        ("A", "the advantage of its answer"),
        (clip, "beyond this, becoming likelier pays no more"),
        (brake, "what it costs to leave the policy of the start"),
    ]


FORMULAS = {"bell": _bell, "ranking": _ranking, "temporal": _temporal, "step": _step, "update": _update}
