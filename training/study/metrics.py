"""Numbers of one checkpoint from its lines (training/evaluate/stored.py), and paired differences between two of them.

A bootstrap draws contents, each with all its versions: these err together. Two checkpoints are compared on the same
draws, so what makes a content easy or hard for both cancels.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from vqathinker.answer import UNREADABLE
from vqathinker.rating.defects import DEFECTS
from vqathinker.rating.evaluation import draw_counts, rank_correlations
from vqathinker.rewards import REWARDS

from ..common.metrics import HUMAN
from ..evaluate.measures import TAIL, f1, ladder_pairs

DRAWS = 1000


@dataclass(frozen=True)
class Ratio:
    """Sum of `hits` over sum of `sizes`, both (n,) of n contents: a mean or a share."""

    hits: np.ndarray
    sizes: np.ndarray

    def __len__(self) -> int:
        return len(self.hits)

    def of(self, counts: np.ndarray) -> np.ndarray:
        """How often each content was drawn, (R, n) -> (R,) values."""
        return counts @ self.hits / np.maximum(counts @ self.sizes, 1e-9)


@dataclass(frozen=True)
class Rank:
    """Rank correlation of answers with MOS, both (samples,); `contents`: which of n contents each sample shows."""

    answers: np.ndarray
    mos: np.ndarray
    contents: np.ndarray

    def __len__(self) -> int:
        return 1 + int(self.contents.max(initial=-1))

    def of(self, counts: np.ndarray) -> np.ndarray:
        """How often each content was drawn, (R, n) -> (R,) values."""
        return rank_correlations(self.answers, self.mos, counts[:, self.contents])


@dataclass(frozen=True)
class MacroF1:
    """F1 of the defects that occur, averaged; counts (n, 13) of n contents: named rightly, there, named."""

    hits: np.ndarray
    truth: np.ndarray
    named: np.ndarray

    def __len__(self) -> int:
        return len(self.truth)

    def of(self, counts: np.ndarray) -> np.ndarray:
        """How often each content was drawn, (R, n) -> (R,) values."""
        present = self.truth.any(0)
        hits, truth, named = (counts @ table[:, present] for table in (self.hits, self.truth, self.named))
        return f1(hits, truth, named).mean(1)


Metric = Ratio | Rank | MacroF1


def lines_of_sets(lines: list[dict], sets: Sequence[str]) -> list[dict]:
    return [line for line in lines if line["set"] in sets]


def contents_of(lines: list[dict]) -> np.ndarray:
    """Which content each line is about, counted in the order of their names."""
    return np.unique([line["content"] for line in lines], return_inverse=True)[1]


def sums_by_content(lines: list[dict], *tables: np.ndarray) -> list[np.ndarray]:
    """Sums by content, (n, …), of each table (lines, …)."""
    contents = contents_of(lines)
    sums = [np.zeros((1 + contents.max(initial=-1), *table.shape[1:]), table.dtype) for table in tables]
    for of_content, table in zip(sums, tables, strict=True):
        np.add.at(of_content, contents, table)
    return sums


def ratio(lines: list[dict], hits: Sequence[float], sizes: Sequence[float]) -> Ratio:
    """Of hits and sizes of the lines, content by content."""
    return Ratio(*sums_by_content(lines, np.array(hits, float), np.array(sizes, float)))


def mean_of(key: str, sets: Sequence[str]) -> Callable[[list[dict]], Metric]:
    """Mean of a number over the samples of some sets; samples without it are left out of it, not of the draws."""

    def build(lines: list[dict]) -> Ratio:
        found = lines_of_sets(lines, sets)
        values = [line.get(key) for line in found]
        known = [value is not None for value in values]
        return ratio(found, [0.0 if value is None else value for value in values], known)

    return build


def srcc_of(key: str, name: str) -> Callable[[list[dict]], Metric]:
    """Rank correlation with MOS; an answer that nobody can read counts as 3."""

    def build(lines: list[dict]) -> Rank:
        found = lines_of_sets(lines, (name,))
        answers = [UNREADABLE if line[key] is None else line[key] for line in found]
        mos = np.array([line["mos"] for line in found], float)
        return Rank(np.array(answers, float), mos, contents_of(found))

    return build


def form(lines: list[dict]) -> Ratio:
    return ratio(lines, [line["well_formed"] for line in lines], [line["rollouts"] for line in lines])


def order_of(key: str) -> Callable[[list[dict]], Metric]:
    """Share of pairs of a ladder in order."""

    def build(lines: list[dict]) -> Ratio:
        pairs = ladder_pairs(lines, np.array([line[key] for line in lines]))
        judged = {name: found for family in pairs.values() for name, found in family.items()}
        first = {line["ladder"]: line for line in reversed(lines) if line["ladder"] in judged}
        found = [judged[name] for name in first]
        return ratio(list(first.values()), [sum(hits) for hits in found], [len(hits) for hits in found])

    return build


def preference_of(key: str) -> Callable[[list[dict]], Metric]:
    """Share of perturbed twins below their ordered clip."""

    def build(lines: list[dict]) -> Ratio:
        found = [line for line in lines if line.get("modes")]
        won = [[line["ordered"][key] > other[key] for other in line["modes"].values()] for line in found]
        return ratio(found, [sum(hits) for hits in won], [len(hits) for hits in won])

    return build


def macro_f1(lines: list[dict]) -> MacroF1:
    found = lines_of_sets(lines, ("pseudo",))
    truth, named = (np.array([[n in line[key] for n in DEFECTS] for line in found]) for key in ("defects", "named"))
    tables = (table.reshape(-1, len(DEFECTS)).astype(int) for table in (truth & named, truth, named))
    return MacroF1(*sums_by_content(found, *tables))


STUDY_METRICS: dict[str, tuple[str, Callable[[list[dict]], Metric]]] = {
    "reward_human": ("mean reward, human MOS", mean_of("total", HUMAN)),
    "reward_pseudo": ("mean reward, pseudo-MOS", mean_of("total", ("pseudo",))),
    **{
        f"{name}_human": (f"{name} reward, human MOS", mean_of(name, HUMAN)) for name in REWARDS if name != "format"
    },  # the format has `well_formed`
    "bonus": ("temporal bonus, ordered clips", mean_of("bonus", ("pseudo",))),
    "reward_biq_test": ("mean reward, BIQ2021 test pictures", mean_of("total", ("biq_test",))),
    "srcc_biq_test": ("SRCC BIQ2021 test pictures, score", srcc_of("score", "biq_test")),
    "srcc_biq_test_greedy": ("SRCC BIQ2021 test pictures, greedy number", srcc_of("greedy", "biq_test")),
    "srcc_biq_test_mean": ("SRCC BIQ2021 test pictures, mean of sampled", srcc_of("mean", "biq_test")),
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
    """How often each content was drawn, (DRAWS, n): the same for all checkpoints measured on the same samples."""
    return draw_counts(len(metric), DRAWS, np.random.default_rng(seed))


def value_of(metrics: list[Metric]) -> float | None:
    """The mean over checkpoints of a metric; None where it is not defined."""
    if not metrics or not len(metrics[0]):
        return None
    value = float(np.mean([metric.of(np.ones((1, len(metric)), int))[0] for metric in metrics]))
    return None if np.isnan(value) else value


def difference(first: list[Metric], second: list[Metric]) -> dict[str, float | None]:
    """Mean over the first checkpoints minus mean over the second, with its paired bootstrap interval."""
    values = value_of(first), value_of(second)
    if None in values:
        return {"value": None, "low": None, "high": None}
    counts = draw(first[0])
    gained = np.mean([m.of(counts) for m in first], axis=0) - np.mean([m.of(counts) for m in second], axis=0)
    low, high = np.nanquantile(gained, TAIL)
    return {
        name: round(float(x), 9) + 0.0 for name, x in (("value", values[0] - values[1]), ("low", low), ("high", high))
    }
