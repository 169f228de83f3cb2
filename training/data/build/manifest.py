"""Rows of manifest.jsonl: facts, split, label and defects of every sample, computed from what was measured."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np

from training.common.atomic import atomic_write
from training.data.build import labels
from training.data.build.filmed import filmed_rows
from training.data.build.pictures import picture_rows
from training.data.build.plan import PlannedClip
from training.data.build.sources import Content, keep_for_grpo, load_contents
from training.data.ffmpeg import Facts

RUNG_STEP = 1.1
FILMED_GROUPS = ("biq2021",)
RATED_GROUPS = ("clive", "biq2021")
"""Besides avt_uhd, which the label rules cannot do without; a data folder may lack one of them."""


def avt_rules(contents: list[Content]) -> labels.LabelRules:
    """The two label curves, fitted on the training part of the rows with human MOS and VMAF, tested on the rest."""

    def rows(split: str) -> labels.RatedRows:
        chosen = [content for content in contents if content.split == split]
        names = ("vmaf", "crf", "enc_height", "mos")
        return labels.RatedRows(*(np.array([getattr(c, name) for c in chosen], float) for name in names))

    return labels.fit_rules(rows("train"), rows("val"))


def _keeps(ops: list[dict], reference: Facts, facts: dict, rules: labels.LabelRules) -> list[float]:
    """The keep of each applied Op (family, variant, strength, vmaf)."""
    keeps = []
    for op in ops:
        if op["family"] == "low_resolution":
            before = labels.clean_mos(reference.width, reference.height, rules)
            keeps.append((labels.clean_mos(facts["width"], facts["height"], rules) - 1) / (before - 1))
        elif op["vmaf"] is not None:
            keeps.append(labels.keep_from_vmaf(op["vmaf"], rules))
        else:
            keeps.append(labels.keep_from_strength(op["family"], op["variant"], op["strength"]))
    return keeps


def _title(ops: list[dict]) -> dict:
    """Family, variant, strength and VMAF of a row: those of its only Op, or what several or none are called."""
    if len(ops) == 1:
        return {name: ops[0][name] for name in ("family", "variant", "strength", "vmaf")}
    parts = "+".join(f"{op['family']}-{op['variant']}" for op in ops)
    return {"family": "mixture" if ops else "clean", "variant": parts or "clean", "strength": 0.0, "vmaf": None}


def video_row(sample: PlannedClip, facts: dict, ops: list[dict], rules: labels.LabelRules, seed: int) -> dict:
    """Row of a clip from what was applied to its reference and measured: `ops`, and the file's `facts`."""
    clean = sample.reference.facts
    level = sample.content.mos or labels.clean_mos(clean.width, clean.height, rules)
    keeps = _keeps(ops, clean, facts, rules)
    found = [(op["family"], labels.severity_from_keep(keep)) for op, keep in zip(ops, keeps, strict=True)]
    found = [item for item in found if item[0] != "low_resolution"]
    found.append(("low_resolution", labels.size_severity(facts["width"], facts["height"])))
    return {
        "id": sample.id,
        "path": f"videos/{sample.id}.mp4",
        "root": "out",
        "content": sample.content.content,
        "group": sample.content.group,
        "split": sample.content.split,
        "kind": "pseudo",
        "mos": round(labels.combine(level, keeps), 4),
        "mos_std": None,
        **_title(ops),
        "ladder": sample.ladder,
        "defects": labels.defect_list(found),
        "facts": facts,
        "licence": sample.content.licence,
        "redistributable": sample.content.redistributable,
        "seed": seed,
    }


def leave_equal_rungs(rows: list[dict]) -> None:
    """A rung whose measured strength is within 10% of the one below leaves its ladder: their order means nothing."""
    below: dict[str, float] = {}
    for row in sorted(rows, key=lambda row: row["strength"]):
        ladder = row["ladder"]
        if ladder and row["family"] == "corruption" and row["strength"] < RUNG_STEP * below.get(ladder, 0.0):
            row["ladder"] = None
        elif ladder:
            below[ladder] = row["strength"]


def write_lines(path: Path, rows: list[dict]) -> Path:
    """JSON lines, complete or not at all."""
    with atomic_write(path) as partial:
        partial.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def rated_rows(data_dir: Path, grpo_shares: dict[str, float], seed: int, jobs: int) -> list[dict]:
    """Rows of all rated pictures, those whose scores are kept for GRPO marked."""
    groups = ["avt_uhd", *(group for group in RATED_GROUPS if (data_dir / group).is_dir())]
    contents = [content for group in groups for content in load_contents(data_dir, seed, group)]
    rows = picture_rows(data_dir, contents, seed, jobs)
    keep_for_grpo(rows, grpo_shares, seed)
    return rows


def write_manifest(
    data_dir: Path,
    out_dir: Path,
    clean: list[PlannedClip],
    samples: list[PlannedClip],
    made: dict,
    rated: list[dict],
    grpo_shares: dict[str, float],
    seed: int,
    jobs: int,
) -> Path:
    """Write manifest.jsonl (sorted by id) and rules.json (the fitted curves with their fit quality).

    `clean` are the samples without ops; `made` has what was measured on each of the others, by id; `rated` are the rows
    of the pictures.
    """
    rules = avt_rules(load_contents(data_dir, seed, "avt_uhd"))
    rows = [video_row(sample, asdict(sample.reference.facts), [], rules, seed) for sample in clean]
    done = [(sample, made[sample.id]) for sample in samples if "failed" not in made[sample.id]]
    rows += [video_row(sample, row["facts"], row["ops"], rules, seed) for sample, row in done]
    leave_equal_rungs(rows)
    keep_for_grpo(rows, grpo_shares, seed)
    rows += rated
    rows += filmed_rows([row for row in rows if row["group"] in FILMED_GROUPS], data_dir, out_dir, seed, jobs)
    (out_dir / "rules.json").write_text(json.dumps(asdict(rules), indent=1) + "\n")
    return write_lines(out_dir / "manifest.jsonl", sorted(rows, key=lambda row: row["id"]))
