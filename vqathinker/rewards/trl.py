"""The rewards as functions for TRL: (completions, **columns) -> one number for each completion.

    from trl import GRPOTrainer
    from vqathinker.rewards.trl import bell_reward, format_reward, ranking_reward, temporal_reward

    rewards = [format_reward, bell_reward, ranking_reward, temporal_reward]
    trainer = GRPOTrainer(model, reward_funcs=rewards, args=config, train_dataset=data, processing_class=processor)

Columns of the data set that they read, which TRL repeats for each completion:
    mos         the human score of the video, on the scale of the answers, 1 to 5
    video       what names the video, a text or a number; a clip and its perturbed twin have the same
    perturbed   true in rows that show a video with its frames in disorder; without it there are no such rows

Together they are the rewards of our own trainer: their sum is `Scored.table.total` of `score_with_twins`, over the
generations of all processes. Rows of perturbed clips are there for the temporal reward only: every function returns
None for them, and TRL leaves such rows out of means and gradients (and warns that it does). A clip and its twin have to
be in one batch of generations: put them side by side in the data set and set `shuffle_dataset=False`.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import partial, update_wrapper
from typing import NamedTuple

import torch
import torch.distributed

from .format import FORMAT
from .registry import REWARDS
from .regression import REGRESSION
from .reward import Reward, read_answers
from .spec import DEFAULT_SPEC, RewardSpec
from .twins import Scored, score_with_twins

Rewards = list[float | None]
NAMED_REWARDS = ("format", "regression", "ranking")
"""Rewards of the registry that have a function with a name of its own here."""
Completion = str | list[dict]
"""A text, or the messages that a conversation was continued by."""


def format_reward(completions: Sequence[Completion], *, spec: RewardSpec = DEFAULT_SPEC, **columns) -> Rewards:
    """1.0 for one thought and then one answer, else 0.0: `format_ok` of each completion. Reads no column.

    >>> format_reward(["<think>Sharp.</think><answer>3.42</answer>", "3.42"])
    [1.0, 0.0]
    """
    return _alone(FORMAT, completions, [0.0] * len(completions), spec, columns)


def bell_reward(completions: Sequence[Completion], *, spec: RewardSpec = DEFAULT_SPEC, **columns) -> Rewards:
    """exp(-(score - mos)^2 / (2 sigma^2)), less for a coarse answer: `regression_reward` of each completion, in [0, 1].

    Reads `mos`. Where `spec.unreadable_is_lowest` is off, an unreadable answer stands for a random score, as released.

    >>> bell_reward(["<think>Sharp.</think><answer>3.50</answer>", "?"], mos=[3.0, 3.0])
    [0.6065306663513184, 0.0]
    """
    [mos] = _columns("bell_reward", completions, columns, "mos")
    return _alone(REGRESSION, completions, mos, spec, columns)


def ranking_reward(completions: Sequence[Completion], *, spec: RewardSpec = DEFAULT_SPEC, **columns) -> Rewards:
    """How well each answer puts its video on the right side of all others of the batch, in [0, 1.001]: fidelity.

    Reads `mos` and `video`. The batch is that of all processes; an unreadable answer earns 0, and so does every answer
    where there is one video only.

    >>> answers = [f"<think>a</think><answer>{score}</answer>" for score in ("4.00", "3.00", "2.00", "3.00")]
    >>> [round(r, 3) for r in ranking_reward(answers, mos=[4.5, 4.5, 1.5, 1.5], video=["a", "a", "b", "b"])]
    [0.967, 0.833, 0.967, 0.833]
    """
    batch = _gather("ranking_reward", completions, columns)
    return batch.own(batch.scored(spec).plain.parts["ranking"])


def temporal_reward(completions: Sequence[Completion], *, spec: RewardSpec = DEFAULT_SPEC, **columns) -> Rewards:
    """What the temporal bonus adds to the bell and to the ranking reward of each completion: 0.0, 0.3 or 0.6.

    Reads `mos`, `video` and `perturbed`. A video whose twin is not in the batch gets no bonus.

    >>> answers = [f"<think>a</think><answer>{score}</answer>" for score in ("4.00", "2.50")]
    >>> [r and round(r, 3) for r in temporal_reward(answers, mos=[4.0, 4.0], video=[7, 7], perturbed=[False, True])]
    [0.3, None]
    """
    batch = _gather("temporal_reward", completions, columns)
    scored = batch.scored(spec)
    bonus = [trace.amount for trace in scored.table.bonus.values()]
    return batch.own(sum(bonus, torch.zeros_like(scored.plain.total)))


def reward_functions(spec: RewardSpec = DEFAULT_SPEC) -> list[Callable[..., Rewards]]:
    """The four functions with another spec, under their own names, and one for every other reward of the registry; for
    one that lacks a reward, leave it out.

    The weights in `spec` are not applied: TRL has `reward_weights`.

    >>> [function.__name__ for function in reward_functions(RewardSpec(sigma=1.0))]
    ['format_reward', 'bell_reward', 'ranking_reward', 'temporal_reward']
    """
    functions = (format_reward, bell_reward, ranking_reward, temporal_reward)
    named = [update_wrapper(partial(function, spec=spec), function) for function in functions]
    return named + [_function_of(REWARDS[name], spec) for name in REWARDS if name not in NAMED_REWARDS]


def _function_of(reward: Reward, spec: RewardSpec) -> Callable[..., Rewards]:
    """A reward of the registry over the batch of all processes, before the temporal bonus; reads `mos` and `video`."""

    def function(completions: Sequence[Completion], **columns) -> Rewards:
        batch = _gather(function.__name__, completions, columns)
        return batch.own(batch.scored(spec).plain.parts[reward.name])

    function.__name__ = f"{reward.name}_reward"
    return function


def text_of(completion: Completion) -> str:
    """What was written: the completion itself, or the text of its messages.

    >>> text_of([{"role": "assistant", "content": [{"type": "text", "text": "<think>"}]}])
    '<think>'
    """
    if isinstance(completion, str):
        return completion
    contents = [message.get("content") or "" for message in completion]
    return "".join(one if isinstance(one, str) else "".join(part.get("text") or "" for part in one) for one in contents)


class CompletionRow(NamedTuple):
    """One completion of the batch."""

    text: str
    mos: float
    video: Hashable
    perturbed: bool


@dataclass(frozen=True)
class GatheredBatch:
    """The completions of all processes, in their order; those of this one begin at `first`."""

    rows: list[CompletionRow]
    first: int
    count: int

    def scored(self, spec: RewardSpec) -> Scored:
        """Rewards (B, G), the videos in the order in which they come first."""
        own, twins = (self._groups(perturbed) for perturbed in (False, True))
        if not own:
            raise ValueError("Every row of the batch is a perturbed one: each needs its video in order beside it.")
        mos = {row.video: row.mos for row in self.rows}
        changed = next((row.video for row in self.rows if abs(row.mos - mos[row.video]) > 0), None)
        if changed is not None:
            raise ValueError(f"The video {changed!r} has more than one mos in the batch.")
        texts = [[self.rows[place].text for place in places] for places in own.values()]
        beside = [[self.rows[place].text for place in twins[video]] if video in twins else None for video in own]
        return score_with_twins(texts, beside, [mos[video] for video in own], spec)

    def own(self, rewards: torch.Tensor) -> Rewards:
        """The numbers of this process, from those of all videos (B, G)."""
        values: Rewards = [None] * len(self.rows)
        for places, of_video in zip(self._groups(False).values(), rewards.tolist(), strict=True):
            for place, reward in zip(places, of_video, strict=True):
                values[place] = reward
        return values[self.first : self.first + self.count]

    def _groups(self, perturbed: bool) -> dict[Hashable, list[int]]:
        """Places of the completions about each video."""
        found: dict[Hashable, list[int]] = {}
        for place, row in enumerate(self.rows):
            if row.perturbed == perturbed:
                found.setdefault(row.video, []).append(place)
        return found


def _gather(name: str, completions: Sequence[Completion], columns: dict) -> GatheredBatch:
    """The batch of all processes; every process has to call it."""
    mos, video = _columns(name, completions, columns, "mos", "video")
    perturbed = columns.get("perturbed") or [False] * len(completions)
    texts = [text_of(one) for one in completions]
    rows = [CompletionRow(*row) for row in zip(texts, map(float, mos), video, map(bool, perturbed), strict=True)]
    if not (torch.distributed.is_available() and torch.distributed.is_initialized()):
        return GatheredBatch(rows, 0, len(rows))
    shares: list = [None] * torch.distributed.get_world_size()
    torch.distributed.all_gather_object(shares, rows)
    first = sum(map(len, shares[: torch.distributed.get_rank()]))
    return GatheredBatch([row for share in shares for row in share], first, len(rows))


def _columns(name: str, completions: Sequence[Completion], columns: dict, *needed: str) -> list[Sequence]:
    for column in needed:
        if columns.get(column) is None:
            raise ValueError(f"{name} needs the column {column!r} in the data set.")
        if len(columns[column]) != len(completions):
            raise ValueError(f"{name} got {len(completions)} completions, but {len(columns[column])} of {column!r}.")
    return [columns[column] for column in needed]


def _alone(
    reward: Reward, completions: Sequence[Completion], mos: Sequence[float], spec: RewardSpec, columns: dict
) -> Rewards:
    """A reward that looks at one completion at a time: each is a video of its own."""
    if not completions:
        return []
    rewards = reward.score(read_answers([[text_of(one)] for one in completions], mos, spec)).reward.flatten().tolist()
    perturbed = columns.get("perturbed") or [False] * len(rewards)
    return [None if out else earned for earned, out in zip(rewards, perturbed, strict=True)]
