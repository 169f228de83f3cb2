"""Validation of a GRPO run, and the answers about a few fixed videos that are kept at every save."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

import numpy as np
import torch

from vqathinker.answer import counted_score
from vqathinker.model.loading import LoadedModel
from vqathinker.rating.evaluation import agreement
from vqathinker.rewards import REWARDS, format_reward, parse_answer, score_groups

from ..common.metrics import SET_OF_GROUP
from ..common.spread import spread
from ..data.datasets import Item
from ..policy.answers import GreedyAnswer, greedy_answers
from ..policy.features import DecodedClips, StoredClips, stacked
from ..policy.policy import Inputs, Policy
from ..policy.rollouts import answer_seeds, answers_to, video_seed
from .config import GrpoSettings

VALIDATION_BATCH, VALIDATION_SEED, PROBE_SEED = 32, 41, 42


def set_of_item(item: Item) -> str:
    return SET_OF_GROUP.get(item.group, item.group or "all")


def items_by_set(items: Sequence[Item]) -> list[list[Item]]:
    """The items of each set, the sets in the order of their names."""
    names = sorted({set_of_item(item) for item in items})
    return [[item for item in items if set_of_item(item) == name] for name in names]


def evenly(items: Sequence[Item], count: int) -> list[Item]:
    """`count` of the items of each set, spread evenly over them; 0: all."""
    return [item for members in items_by_set(items) for item in spread(members, count)]


def in_turn(items: Sequence[Item], count: int) -> list[Item]:
    """At most `count` of the items: of one set after the other in turn, spread evenly over each."""
    sets = items_by_set(items)
    each = -(-count // max(1, len(sets)))
    turns = zip_longest(*(spread(members, each) for members in sets))
    return [item for turn in turns for item in turn if item is not None][:count]


class Validation:
    """Fixed validation videos with one twin each, and how the policy answers about them."""

    def __init__(self, items: Sequence[Item], source: StoredClips | DecodedClips, processor, settings: GrpoSettings):
        self.items, self.source = evenly(items, settings.validation), source
        self.processor, self.settings = processor, settings

    def measure(self, policy: Policy) -> dict:
        """SRCC and MAE of the greedy, the expected and the mean sampled score by set, rewards of the sampled answers,
        and how often the clip in order is preferred to its twin. Empty without videos."""
        rows = [row for start in range(0, len(self.items), VALIDATION_BATCH) for row in self._answers(policy, start)]
        if not rows:
            return {}
        result = {}
        for name in sorted({set_of_item(row["item"]) for row in rows}):
            chosen = [row for row in rows if set_of_item(row["item"]) == name]
            mos = [row["item"].mos for row in chosen]
            for kind in ("greedy", "expected", "mean"):
                measured = agreement([row[kind] for row in chosen], mos, resamples=0)
                result |= {f"{name}_{kind}_srcc": measured.srcc.value, f"{name}_{kind}_mae": measured.mae.value}
        return result | self._rewards(rows) | self._preferences(rows)

    def _answers(self, policy: Policy, start: int) -> list[dict]:
        twin = 0 if self.settings.twins else None
        loaded = [(item, self.source.variants(item, twin)) for item in self.items[start : start + VALIDATION_BATCH]]
        loaded = [(item, variants) for item, variants in loaded if variants is not None]
        if not loaded:
            return []
        paired = [k for k, (_, variants) in enumerate(loaded) if variants[1] is not None]
        rows = self._write(policy, [variants[0] for _, variants in loaded], [item.id for item, _ in loaded])
        for row, (item, _) in zip(rows, loaded, strict=True):
            row["item"] = item
        if paired:
            twins = self._write(policy, [loaded[k][1][1] for k in paired], [loaded[k][0].id for k in paired])
            for k, other in zip(paired, twins, strict=True):
                rows[k]["twin"] = other
        return rows

    def answers(
        self, policy: Policy, samples: list[Inputs], ids: Sequence[str], root: int, group: int
    ) -> list[tuple[GreedyAnswer, list[str]]]:
        """The greedy answer and the texts of `group` sampled ones about each video, always with the same seeds."""
        settings, model = self.settings, policy.model
        loaded, most = LoadedModel(model, self.processor, "policy", ""), settings.max_completion_length
        prompts = list(policy.prompts(stacked(samples, model.device), VALIDATION_BATCH))
        greedy = [one for prompt in prompts for one in greedy_answers(loaded, prompt, most)]
        seeds = answer_seeds([video_seed(root, *key.encode()) for key in ids], group)
        options = {"max_new_tokens": most, "temperature": settings.temperature}
        sampled = answers_to(model, self.processor, prompts, seeds, group, **options)
        return list(zip(greedy, sampled.texts, strict=True))

    def _write(self, policy: Policy, samples: list[Inputs], ids: list[str]) -> list[dict]:
        return [
            {
                "greedy": one.greedy,
                "greedy_text": one.text,
                "expected": one.expected,
                "texts": texts,
                "mean": float(np.mean([counted_score(parse_answer(text)) for text in texts])),
            }
            for one, texts in self.answers(policy, samples, ids, VALIDATION_SEED, self.settings.validation_group)
        ]

    def _rewards(self, rows: list[dict]) -> dict:
        """The ranking reward is that of each set for itself."""
        totals, parts = [], {name: [] for name in REWARDS}
        for name in sorted({set_of_item(row["item"]) for row in rows}):
            chosen = [row for row in rows if set_of_item(row["item"]) == name]
            table = score_groups(
                [row["texts"] for row in chosen], [row["item"].mos for row in chosen], self.settings.reward
            )
            totals.append(table.total.flatten())
            for part_name, values in parts.items():
                values.append(table.parts[part_name].flatten())
        greedy_format = format_reward([[row["greedy_text"] for row in rows]], self.settings.reward)
        means = {name: float(torch.cat(values).mean()) for name, values in parts.items()}
        return {"reward": float(torch.cat(totals).mean()), **means, "greedy_format": float(greedy_format.mean())}

    def _preferences(self, rows: list[dict]) -> dict:
        """Shares of the moving clips; a tie is no preference."""
        pairs = [row for row in rows if "twin" in row]
        if not pairs:
            return {}
        shares = {kind: np.mean([row[kind] > row["twin"][kind] for row in pairs]) for kind in ("expected", "mean")}
        mos = [row["item"].mos for row in pairs]
        own, other = (
            score_groups([one["texts"] for one in ones], mos, self.settings.reward).regression.mean(1)
            for ones in (pairs, [row["twin"] for row in pairs])
        )
        shares["regression"] = (own > other).float().mean()
        return {"twins": len(pairs)} | {f"ordered_by_{kind}": float(share) for kind, share in shares.items()}


class Probes:
    """A few validation videos whose sampled answers are kept at every save, always with the same seeds."""

    def __init__(self, validation: Validation, count: int):
        self.validation, self.items = validation, in_turn(validation.items, count)

    def rows(self, policy: Policy, step: int) -> list[dict]:
        """One row for each video: step, id, mos, texts and scores of the group, greedy text and score."""
        group, rows = self.validation.settings.num_generations, []
        for item in self.items:
            variants = self.validation.source.variants(item, None)
            if variants is None:
                continue
            [(greedy, texts)] = self.validation.answers(policy, [variants[0]], [item.id], PROBE_SEED, group)
            rows.append(
                {
                    "step": step,
                    "id": item.id,
                    "mos": item.mos,
                    "texts": texts,
                    "scores": [parse_answer(text) for text in texts],
                    "greedy_text": greedy.text,
                    "greedy_score": greedy.greedy,
                }
            )
        return rows
