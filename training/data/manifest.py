"""Rows of manifest.jsonl: facts, split, label and defects of every sample, computed from what was measured."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path

import numpy as np

from training.data import labels
from training.data.plan import Sample
from training.data.references import Reference
from training.data.sources import Content, load_contents
from vqathinker.rating.defects import DEFECTS, SEVERITIES


def avt_rules(contents: list[Content]) -> labels.LabelRules:
    """The two label curves, fitted on the training part of the rows with human MOS and VMAF, tested on the rest."""

    def rows(split: str) -> labels.RatedRows:
        chosen = [content for content in contents if content.split == split]
        names = ("vmaf", "crf", "enc_height", "mos")
        return labels.RatedRows(*(np.array([getattr(c, name) for c in chosen], float) for name in names))

    return labels.fit_rules(rows("train"), rows("val"))


def defect_list(found: list[tuple[str, str | None]]) -> list[dict[str, str]]:
    """Each named defect once with its worst severity, worst first; None severities are not visible and left out."""
    worst: dict[str, str] = {}
    for name, severity in found:
        if severity and SEVERITIES.index(severity) >= SEVERITIES.index(worst.get(name, "slight")):
            worst[name] = severity
    ranked = sorted(worst.items(), key=lambda item: (-SEVERITIES.index(item[1]), DEFECTS.index(item[0])))
    return [{"name": name, "severity": severity} for name, severity in ranked]


def _common(content: Content, facts: dict, seed: int) -> dict:
    return {
        "content": content.content,
        "group": content.group,
        "split": content.split,
        "facts": facts,
        "licence": content.licence,
        "redistributable": content.redistributable,
        "seed": seed,
    }


def video_row(
    identity: str,
    path: str,
    content: Content,
    reference: Reference,
    facts: dict,
    ops: list[dict],
    ladder: str | None,
    rules: labels.LabelRules,
    seed: int,
) -> dict:
    """Row of a clip from what was applied to its reference (`ops` with family, variant, strength, vmaf)."""
    clean = labels.clean_mos(reference.facts.width, reference.facts.height, rules)
    keeps, found = [], [("low_resolution", labels.size_severity(facts["width"], facts["height"]))]
    for op in ops:
        if op["family"] == "low_resolution":
            small = labels.clean_mos(facts["width"], facts["height"], rules)
            keeps.append((small - 1) / (clean - 1))
            continue
        if op["vmaf"] is not None:
            keeps.append(labels.keep_from_vmaf(op["vmaf"], rules))
        else:
            keeps.append(labels.keep_from_strength(op["family"], op["variant"], op["strength"]))
        found.append((op["family"], labels.severity_from_keep(keeps[-1])))
    single = (
        ops[0]
        if len(ops) == 1
        else {
            "family": "mixture" if ops else "clean",
            "variant": "+".join(f"{op['family']}-{op['variant']}" for op in ops) or "clean",
            "strength": 0.0,
            "vmaf": None,
        }
    )
    return {
        "id": identity,
        "path": path,
        "root": "out",
        **_common(content, facts, seed),
        "kind": "pseudo",
        "mos": round(labels.combine(clean, keeps), 4),
        "mos_std": None,
        "family": single["family"],
        "variant": single["variant"],
        "strength": single["strength"],
        "ladder": ladder,
        "defects": defect_list(found),
        "vmaf": single["vmaf"],
    }


def _video_rows(contents, references, samples, made, rules, seed) -> list[dict]:
    rows = []
    for content in contents:
        ref = references[content.path]
        rows.append(video_row(Path(ref.file).stem, ref.file, content, ref, asdict(ref.facts), [], None, rules, seed))
    for sample in samples:
        row = made[sample.id]
        if "failed" not in row:
            rows.append(
                video_row(
                    sample.id,
                    f"videos/{sample.id}.mp4",
                    sample.content,
                    sample.reference,
                    row["facts"],
                    row["ops"],
                    sample.ladder,
                    rules,
                    seed,
                )
            )
    return rows


def write_lines(path: Path, rows: list[dict]) -> Path:
    """JSON lines, complete or not at all."""
    partial = path.with_name(f".{os.getpid()}-{path.name}")
    partial.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    partial.replace(path)
    return path


def write_manifest(
    data_dir: Path,
    out_dir: Path,
    contents: list[Content],
    references: dict[str, Reference],
    samples: list[Sample],
    made: dict[str, dict],
    seed: int,
) -> Path:
    """Write manifest.jsonl (sorted by id) and rules.json (the fitted curves with their fit quality)."""
    from training.data.pictures import picture_rows

    avt = load_contents(data_dir, seed, "avt_uhd")
    rules = avt_rules(avt)
    rows = _video_rows(contents, references, samples, made, rules, seed)
    rows += picture_rows(data_dir, [*avt, *load_contents(data_dir, seed, "clive")], seed)
    (out_dir / "rules.json").write_text(json.dumps(asdict(rules), indent=1) + "\n")
    return write_lines(out_dir / "manifest.jsonl", sorted(rows, key=lambda row: row["id"]))
