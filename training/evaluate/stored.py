"""A checkpoint measured on stored features: greedy, expected and sampled answers, and their rewards, in a few minutes.

A study compares many checkpoints that share one frozen tower. What the tower sees of every validation clip, and of its
six perturbed twins where the order of the clip is intact, is stored once (training/policy/features.py); then only the
projectors and the language model run. Features are in half precision, and the tower ran in bfloat16 where the processor
has it, so single numbers differ a little from those of training.evaluate: compare them with each other.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from pathlib import Path

import torch
from tqdm import tqdm

from vqathinker.model.generation import prefill
from vqathinker.model.loading import LoadedModel
from vqathinker.rating.defects import parse_defects
from vqathinker.rewards import RewardSpec, score_groups
from vqathinker.rewards.spec import DEFAULT_SPEC
from vqathinker.video import PERTURBATIONS

from ..common.metrics import set_of
from ..common.start import load_looker
from ..data.datasets import Item
from ..policy.answers import MAX_NEW_TOKENS, GreedyAnswer, Sampled, greedy_answers, sample
from ..policy.clips import sample_key, twins_of
from ..policy.features import StoredClips, features_hash, fill, stacked
from ..policy.policy import video_features
from ..sft.cache import source_path
from .preference import CLIPS, choose_clips

TWINS_OF_CLIP, ANSWERED_AT_ONCE, STORED_ROLLOUTS = len(PERTURBATIONS), 32, 8


@dataclass(frozen=True)
class StoredViews:
    """Stored features of validation rows; the `ordered_ids` among them have all six twins."""

    store: StoredClips
    rows: list[dict]
    items: dict[str, Item]
    ordered_ids: frozenset[str]
    seed: int


def make_views(
    rows: list[dict],
    data: Path,
    built: Path,
    folder: Path,
    loaded: LoadedModel,
    clips: int = CLIPS,
    seed: int = 0,
    jobs: int = 2,
) -> StoredViews:
    """Open the features of all rows, after computing those that are missing, twins too, with the tower of `loaded`.

    Raises VQAThinkerError when the folder belongs to another tower. Samples that cannot be read are left out.
    """
    store = open_store(folder, loaded, seed)
    items = {row["id"]: Item(row["id"], source_path(row, data, built), row["mos"], row["group"]) for row in rows}
    ordered = frozenset(row["id"] for row in choose_clips(rows, clips))
    for key in ordered:
        if store.path(items[key]).exists() and store.variants(items[key], TWINS_OF_CLIP - 1)[1] is None:
            store.path(items[key]).unlink()
    if not all(store.path(item).exists() for item in items.values()):
        looker = load_looker(loaded.name)
        for twins, members in ((TWINS_OF_CLIP, ordered), (0, items.keys() - ordered)):
            chosen = [item for key, item in items.items() if key in members]
            fill(store, chosen, looker.model, looker.processor, twins, seed, jobs)
    return StoredViews(
        store, [row for row in rows if sample_key(items[row["id"]]) not in store.bad], items, ordered, seed
    )


def open_store(folder: Path, loaded: LoadedModel, seed: int) -> StoredClips:
    """The store, made where there is none yet. Raises VQAThinkerError when it belongs to another tower."""
    return StoredClips(
        folder, features_hash(loaded.model, loaded.processor, TWINS_OF_CLIP, seed), loaded.processor.frames
    )


def measure_answers(
    loaded: LoadedModel,
    views: StoredViews,
    rollouts: int = STORED_ROLLOUTS,
    seed: int = 0,
    spec: RewardSpec = DEFAULT_SPEC,
) -> list[dict]:
    """One line for each row: answers, rewards of the sampled ones by part, and, for ordered clips, the answers under
    each perturbation and the bonus against the first twin. Ranking rewards compare the samples of one set."""
    open_store(views.store.folder, loaded, views.seed)
    own = answers_about(loaded, views, views.rows, None, rollouts, seed)
    moving = [row for row in views.rows if row["id"] in views.ordered_ids]
    twins = [answers_about(loaded, views, moving, k, rollouts if k == 0 else 0, seed) for k in range(TWINS_OF_CLIP)]
    lines = {row["id"]: line_of(row, *found) for row, found in zip(views.rows, own, strict=True)}
    for name in sorted({set_of(row) for row in views.rows}):
        chosen = [k for k, row in enumerate(views.rows) if set_of(row) == name]
        table = score_groups([own[k][1].texts for k in chosen], [views.rows[k]["mos"] for k in chosen], spec)
        for index, k in enumerate(chosen):
            parts = {**table.parts, "total": table.total}
            lines[views.rows[k]["id"]] |= {name: float(part[index].mean()) for name, part in parts.items()}
    add_twins(lines, moving, twins, views.seed)
    in_order = [sampled for row, (_, sampled) in zip(views.rows, own, strict=True) if row["id"] in views.ordered_ids]
    add_bonus(lines, moving, in_order, [sampled for _, sampled in twins[0]], spec)
    return list(lines.values())


def answers_about(
    loaded: LoadedModel, views: StoredViews, rows: list[dict], twin: int | None, rollouts: int, seed: int
) -> list[tuple[GreedyAnswer, Sampled | None]]:
    """Greedy and `rollouts` sampled answers about the rows, in order (None) or as their twin of that number."""
    found: list[tuple[GreedyAnswer, Sampled | None]] = []
    ids = torch.tensor(loaded.processor.tokenizer(loaded.processor.prompt_text())["input_ids"])
    title = "in order" if twin is None else f"twin {twin}"
    for start in tqdm(range(0, len(rows), ANSWERED_AT_ONCE), desc=title, mininterval=10):
        part = rows[start : start + ANSWERED_AT_ONCE]
        inputs = [views.store.variants(views.items[row["id"]], twin)[0 if twin is None else 1] for row in part]
        with torch.inference_mode():
            features = video_features(loaded.model, stacked(inputs))
        prompt = prefill(loaded.model, {"input_ids": ids.expand(len(part), -1), "video_features": features})
        greedy = greedy_answers(loaded, prompt, MAX_NEW_TOKENS)
        sampled = sample(loaded, prompt, rollouts, seed) if rollouts else [None] * len(part)
        found += zip(greedy, sampled, strict=True)
    return found


def line_of(row: dict, greedy: GreedyAnswer, sampled: Sampled) -> dict:
    """What is kept of one sample."""
    readable = [score for score in sampled.scores if score is not None]
    return {
        "id": row["id"],
        "set": set_of(row),
        "content": row["content"],
        "mos": row["mos"],
        "family": row["family"],
        "ladder": row["ladder"],
        "strength": row["strength"],
        "defects": [defect["name"] for defect in row["defects"]],
        "named": [defect.name for defect in parse_defects(greedy.text)],
        "score": greedy.score,
        "expected": round(greedy.expected, 5),
        "greedy": greedy.greedy,
        "variance": round(greedy.variance, 5),
        "mean": statistics.fmean(readable) if readable else None,
        "spread": statistics.stdev(readable) if len(readable) > 1 else None,
        "well_formed": sum(sampled.well_formed),
        "cut": sum(sampled.cut),
        "rollouts": len(sampled.texts),
        "words": statistics.fmean(len(text.split()) for text in sampled.texts),
    }


def add_twins(
    lines: dict[str, dict], rows: list[dict], twins: list[list[tuple[GreedyAnswer, Sampled | None]]], seed: int
) -> None:
    """Answers under each mode, named as in training/evaluate/preference.py."""
    for index, row in enumerate(rows):
        modes = [twin.mode for twin in twins_of(row["id"], TWINS_OF_CLIP, seed)]
        numbers = [
            {"score": twins[k][index][0].score, "expected": twins[k][index][0].expected} for k in range(TWINS_OF_CLIP)
        ]
        line = lines[row["id"]]
        line["ordered"] = {"score": line["score"], "expected": line["expected"]}
        line["modes"] = dict(zip(modes, numbers, strict=True))


def add_bonus(
    lines: dict[str, dict],
    rows: list[dict],
    own: list[Sampled],
    twins: list[Sampled],
    spec: RewardSpec,
) -> None:
    """Mean temporal bonus of the sampled answers about each ordered clip, against its first twin."""
    if not rows:
        return
    mos = [row["mos"] for row in rows]
    first = score_groups([one.texts for one in own], mos, spec)
    second = score_groups([one.texts for one in twins], mos, spec)
    gained = (first.with_bonus(second, spec).total - first.total).mean(1)
    for row, bonus in zip(rows, gained.tolist(), strict=True):
        lines[row["id"]]["bonus"] = bonus
