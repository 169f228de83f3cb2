"""Which degradations are made of which content: seeded, balanced over families, ladders on the same content."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from training.common.metrics import LIKED
from training.data.build.degrade import Op
from training.data.build.families import ORDER, TEMPORAL_FAMILIES, TONE, eligible, families, strength_at, variants
from training.data.build.references import Reference
from training.data.build.sources import Content, seeded_rng

TRAIN_LADDERS, TRAIN_STEPS = 2, 2
VAL_LADDERS, VAL_LEVELS = 4, (0.0, 0.8, 1.7, 2.5, 3.3)
MIXTURES = {"train": 1, "val": 1}
MIXED_SHARE = 0.25
"""Of the liked pictures: how many get two defects."""
TRAIN_EXTRAS = ("corruption",)
"""Families that a first run of the recipe learned least, made again of every training content at free strengths."""
JITTER = 0.2
FAMILY_WEIGHTS = {
    (split, family): weight
    for split in ("train", "val", LIKED)
    for family, weight in (("compression", 2.0), ("blur", 1.5), ("noise", 1.2))
}
REVISIONS = {("compression", "mjpeg"): ":2", ("corruption", "bits"): ":2"}
"""Of what is made in another way than before (here: with the right color tags), so that old files are made anew."""


@dataclass(frozen=True)
class PlannedClip:
    """One degraded clip to be made: `ops` are applied in order to the reference; `ladder` is None for mixtures."""

    id: str
    content: Content
    reference: Reference
    ops: tuple[Op, ...]
    ladder: str | None

    @property
    def recipe(self) -> str:
        """Everything that the file depends on, as one comparable string."""
        return "|".join(
            f"{op.family}:{op.variant}:{op.strength}:{op.seed_key}{REVISIONS.get((op.family, op.variant), '')}"
            for op in self.ops
        )


def _least_used(options: list[str], used: Counter, rng: np.random.Generator, where: str, count: int = 1) -> list[str]:
    """The `count` options least used so far at this place of the plan (by weight), ties in random order."""
    shuffled = [options[i] for i in rng.permutation(len(options))]
    chosen = sorted(shuffled, key=lambda name: used[where, name] / FAMILY_WEIGHTS.get((where, name), 1.0))[:count]
    used.update((where, name) for name in chosen)
    return chosen


def _levels(split: str, rng: np.random.Generator) -> list[float]:
    if split == "val":
        return list(VAL_LEVELS)
    picked = sorted(rng.choice(4, TRAIN_STEPS, replace=False))
    return [float(np.clip(level + rng.uniform(-JITTER, JITTER), 0, 3.2)) for level in picked]


def _name(content: Content) -> str:
    return f"{content.group}-{Path(content.path).stem}"


def _ladders(content: Content, ref: Reference, used: Counter, rng: np.random.Generator) -> list[PlannedClip]:
    samples = []
    count = VAL_LADDERS if content.split == "val" else TRAIN_LADDERS
    options = [family for family in families() if eligible(family, ref)]
    for family in _least_used(options, used, rng, content.split, count):
        variant = _least_used(variants(family), used, rng, f"{content.split} {family}")[0]
        ladder = f"{_name(content)}__{family}-{variant}"
        strengths = dict.fromkeys(strength_at(family, variant, level) for level in _levels(content.split, rng))
        for step, strength in enumerate(strengths):
            op = Op(family, variant, strength, ladder)
            samples.append(PlannedClip(f"{ladder}__{step}", content, ref, (op,), ladder))
    return samples


def _extras(content: Content, ref: Reference, rng: np.random.Generator) -> list[PlannedClip]:
    samples = []
    for index, family in enumerate(TRAIN_EXTRAS if content.split == "train" else ()):
        variant = variants(family)[int(rng.integers(len(variants(family))))]
        identity = f"{_name(content)}__extra{index}-{family}-{variant}"
        op = Op(family, variant, strength_at(family, variant, float(rng.uniform(0.0, 3.2))), identity)
        samples.append(PlannedClip(identity, content, ref, (op,), None))
    return samples


def _mixtures(content: Content, ref: Reference, used: Counter, rng: np.random.Generator) -> list[PlannedClip]:
    samples = []
    for index in range(MIXTURES[content.split]):
        options = [family for family in families() if eligible(family, ref)]
        first = _least_used(options, used, rng, "mixture")[0]
        clash = TONE if first in TONE else TEMPORAL_FAMILIES if first in TEMPORAL_FAMILIES else (first,)
        others = [family for family in options if family not in clash]
        second = _least_used(others, used, rng, "mixture")[0]
        identity = f"{_name(content)}__mixture__{index}"
        ops = []
        for family in sorted((first, second), key=ORDER.index):
            variant = variants(family)[int(rng.integers(len(variants(family))))]
            strength = strength_at(family, variant, float(rng.uniform(0.0, 2.3)))
            ops.append(Op(family, variant, strength, f"{identity}-{family}"))
        samples.append(PlannedClip(identity, content, ref, tuple(ops), None))
    return samples


def _one(content: Content, ref: Reference, used: Counter, rng: np.random.Generator) -> list[PlannedClip]:
    """The only degraded clip of a liked picture: one defect at a free strength, or two."""
    if rng.random() < MIXED_SHARE:
        return _mixtures(content, ref, used, rng)
    options = [family for family in families() if eligible(family, ref)]
    family = _least_used(options, used, rng, content.group)[0]
    variant = _least_used(variants(family), used, rng, f"{content.group} {family}")[0]
    identity = f"{_name(content)}__{family}-{variant}"
    op = Op(family, variant, strength_at(family, variant, float(rng.uniform(0.0, 3.2))), identity)
    return [PlannedClip(identity, content, ref, (op,), None)]


def plan(contents: list[Content], references: dict[str, Reference], seed: int) -> list[PlannedClip]:
    """All degraded samples, the same for the same contents, references and seed. Contents of the split "test" stay
    clean."""
    used: Counter = Counter()
    samples = []
    contents = [content for content in contents if content.split != "test"]
    for index in seeded_rng(seed, "order").permutation(len(contents)):
        content = contents[index]
        rng = seeded_rng(seed, "plan", content.path)
        ref = references[content.path]
        if content.group == LIKED:
            samples += _one(content, ref, used, rng)
            continue
        samples += [*_ladders(content, ref, used, rng), *_mixtures(content, ref, used, rng)]
        samples += _extras(content, ref, seeded_rng(seed, "extras", content.path))
    return samples
