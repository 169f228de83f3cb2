"""The format reward: one thought, then one answer."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from ..answer import well_formed
from .reward import Answers, Reward, Trace
from .spec import DEFAULT_SPEC, RewardSpec


def format_ok(text: str, spec: RewardSpec = DEFAULT_SPEC) -> bool:
    """True when the whole text is one think block followed by one answer block.

    Source: official format_reward, with the repairs allow_outer_whitespace and refuse_repeated_tags. What stands in
    the answer does not matter here: the other rewards judge it.

    >>> format_ok("<think>a</think> <answer>1.00</answer>\\n"), format_ok("<think>a</think>")
    (True, False)
    >>> doubled = "<think>a</think><answer>3</answer><answer>4</answer>"
    >>> format_ok(doubled), format_ok(doubled, RewardSpec.official())
    (False, True)
    """
    return well_formed(
        text, refuse_repeated_tags=spec.refuse_repeated_tags, allow_outer_whitespace=spec.allow_outer_whitespace
    )


def format_reward(texts: Sequence[Sequence[str]], spec: RewardSpec = DEFAULT_SPEC) -> torch.Tensor:
    """1 for a well-formed completion, else 0: `format_ok` of texts[B][G] as a float32 tensor (B, G).

    Source: official format_reward.

    >>> format_reward([["<think>a</think><answer>3.42</answer>", "3.42"]])
    tensor([[1., 0.]])
    """
    return torch.tensor([[float(format_ok(text, spec)) for text in group] for group in texts])


def _score(answers: Answers) -> Trace:
    return Trace(answers, format_reward(answers.texts, answers.spec))


def _explain(trace: Trace, i: int, j: int, names: Sequence[str]) -> list[str]:
    if trace.reward[i, j]:
        return ["one think block, then one answer block: 1"]
    return ["not exactly one think block followed by one answer block: 0"]


FORMAT = Reward(
    "format",
    "Format",
    _score,
    _explain,
    about="One think block, then one answer block: 1 point. Anything else: 0.",
    digits=0,
)
