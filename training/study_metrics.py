"""Numbers of one checkpoint from its lines (training/fast_eval.py), and paired differences between two of them.

Every metric is made of units that a bootstrap draws: samples for correlations, rewards and form, ladders for the order,
contents for the preference. Two checkpoints are compared on the same draws, so what makes a sample easy or hard for
both cancels.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from vqathinker.rating.defects import DEFECTS
from vqathinker.rating.evaluation import rank_correlations

from .evaluate_measures import TAIL, ladder_pairs

DRAWS = 1000
HUMAN = ("clive", "avt")


@dataclass(frozen=True)
class Ratio:
    """Sum of `hits` over sum of `sizes`, both (n,): a mean or a share over units."""

    hits: np.ndarray
    sizes: np.ndarray

    def __len__(self) -> int:
        return len(self.hits)

    def of(self, draws: np.ndarray) -> np.ndarray:
        """Draws (R, n) of units -> (R,) values."""
        return self.hits[draws].sum(1) / np.maximum(self.sizes[draws].sum(1), 1e-9)


@dataclass(frozen=True)
class Rank:
    """Rank correlation of answers (n,) with MOS (n,)."""

    answers: np.ndarray
    mos: np.ndarray

    def __len__(self) -> int:
        return len(self.mos)

    def of(self, draws: np.ndarray) -> np.ndarray:
        """Draws (R, n) of units -> (R,) values."""
        return rank_correlations(self.answers[draws], self.mos[draws])


@dataclass(frozen=True)
class MacroF1:
    """F1 of the defects that occur, averaged; truth and named are (n, 13) bool."""

    truth: np.ndarray
    named: np.ndarray

    def __len__(self) -> int:
        return len(self.truth)

    def of(self, draws: np.ndarray) -> np.ndarray:
        """Draws (R, n) of units -> (R,) values."""
        present = self.truth.any(0)
        truth, named = self.truth[:, present], self.named[:, present]
        counts = [table[draws].sum(1) for table in ((truth & named).astype(np.int32), truth, named)]
        return (2 * counts[0] / np.maximum(counts[1] + counts[2], 1)).mean(1)


Metric = Ratio | Rank | MacroF1


def chosen(lines: list[dict], sets: Sequence[str]) -> list[dict]:
    return [line for line in lines if line["set"] in sets]


def mean_of(key: str, sets: Sequence[str]) -> Callable[[list[dict]], Metric]:
    """Mean of a number over the samples of some sets; samples without it are left out of it, not of the draws."""

    def build(lines: list[dict]) -> Ratio:
        values = [line.get(key) for line in chosen(lines, sets)]
        known = np.array([value is not None for value in values], float)
        return Ratio(np.array([0.0 if value is None else value for value in values]), known)

    return build


def srcc_of(key: str, name: str) -> Callable[[list[dict]], Metric]:
    """Rank correlation with MOS; an answer that nobody can read counts as 3."""

    def build(lines: list[dict]) -> Rank:
        found = chosen(lines, (name,))
        answers = [3.0 if line[key] is None else line[key] for line in found]
        return Rank(np.array(answers, float), np.array([line["mos"] for line in found], float))

    return build


def form(lines: list[dict]) -> Ratio:
    return Ratio(*np.array([(line["well_formed"], line["rollouts"]) for line in lines], float).reshape(-1, 2).T)


def order_of(key: str) -> Callable[[list[dict]], Metric]:
    """Share of pairs of a ladder in order, over ladders."""

    def build(lines: list[dict]) -> Ratio:
        pairs = ladder_pairs(lines, np.array([line[key] for line in lines]))
        ladders = {name: judged for family in pairs.values() for name, judged in family.items()}
        counts = [(sum(ladders[name]), len(ladders[name])) for name in sorted(ladders)]
        return Ratio(*np.array(counts, float).reshape(-1, 2).T)

    return build


def preference_of(key: str) -> Callable[[list[dict]], Metric]:
    """Share of perturbed twins below their ordered clip, over contents."""

    def build(lines: list[dict]) -> Ratio:
        won: dict[str, list[bool]] = defaultdict(list)
        for line in lines:
            for other in line.get("modes", {}).values():
                won[line["content"]].append(line["ordered"][key] > other[key])
        return Ratio(*np.array([(sum(won[c]), len(won[c])) for c in sorted(won)], float).reshape(-1, 2).T)

    return build


def macro_f1(lines: list[dict]) -> MacroF1:
    found = chosen(lines, ("pseudo",))
    truth, named = (np.array([[n in line[key] for n in DEFECTS] for line in found]) for key in ("defects", "named"))
    return MacroF1(truth.reshape(-1, len(DEFECTS)), named.reshape(-1, len(DEFECTS)))


METRICS: dict[str, tuple[str, Callable[[list[dict]], Metric]]] = {
    "reward_human": ("mean reward, human MOS", mean_of("total", HUMAN)),
    "reward_pseudo": ("mean reward, pseudo-MOS", mean_of("total", ("pseudo",))),
    "regression_human": ("regression reward, human MOS", mean_of("regression", HUMAN)),
    "ranking_human": ("ranking reward, human MOS", mean_of("ranking", HUMAN)),
    "bonus": ("temporal bonus, ordered clips", mean_of("bonus", ("pseudo",))),
    "srcc_clive": ("SRCC LIVE-Challenge, score", srcc_of("score", "clive")),
    "srcc_clive_expected": ("SRCC LIVE-Challenge, expected", srcc_of("expected", "clive")),
    "srcc_clive_mean": ("SRCC LIVE-Challenge, mean of sampled", srcc_of("mean", "clive")),
    "srcc_avt": ("SRCC AVT UHD, score", srcc_of("score", "avt")),
    "srcc_avt_expected": ("SRCC AVT UHD, expected", srcc_of("expected", "avt")),
    "srcc_pseudo": ("SRCC pseudo, score", srcc_of("score", "pseudo")),
    "srcc_pseudo_expected": ("SRCC pseudo, expected", srcc_of("expected", "pseudo")),
    "order": ("order in ladders, score", order_of("score")),
    "order_expected": ("order in ladders, expected", order_of("expected")),
    "preference": ("ordered preferred, score", preference_of("score")),
    "preference_expected": ("ordered preferred, expected", preference_of("expected")),
    "macro_f1": ("defects, macro-F1", macro_f1),
    "well_formed": ("well-formed sampled answers", form),
    "spread": ("spread of sampled answers", mean_of("spread", (*HUMAN, "pseudo"))),
    "words": ("words in an answer", mean_of("words", (*HUMAN, "pseudo"))),
}


def draw(metric: Metric, seed: int = 0) -> np.ndarray:
    """(DRAWS, n) units, the same for all checkpoints measured on the same samples."""
    return np.random.default_rng(seed).integers(len(metric), size=(DRAWS, len(metric)))


def value_of(metrics: list[Metric]) -> float | None:
    """The mean over checkpoints of a metric; None where it is not defined."""
    if not metrics or not len(metrics[0]):
        return None
    value = float(np.mean([metric.of(np.arange(len(metric))[None])[0] for metric in metrics]))
    return None if np.isnan(value) else value


def difference(first: list[Metric], second: list[Metric]) -> dict[str, float | None]:
    """Mean over the first checkpoints minus mean over the second, with its paired bootstrap interval."""
    values = value_of(first), value_of(second)
    if None in values:
        return {"value": None, "low": None, "high": None}
    draws = draw(first[0])
    gained = np.mean([m.of(draws) for m in first], axis=0) - np.mean([m.of(draws) for m in second], axis=0)
    low, high = np.nanquantile(gained, TAIL)
    return {
        name: round(float(x), 9) + 0.0 for name, x in (("value", values[0] - values[1]), ("low", low), ("high", high))
    }
