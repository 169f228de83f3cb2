"""The source contents (clips, photographs, rated pictures) and their split by content."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

VAL_SHARE = 0.2
BIQ_VAL_SHARE = 0.1
RATED_LICENCES = {
    "clive": "LIVE In the Wild (free with notice)",
    "avt_uhd": "GPL-3.0",
    "biq2021": "none stated (not to be shipped)",
}
FREE_LICENCE_EXCEPTIONS = ("unsplash", "pexels")


@dataclass(frozen=True)
class Content:
    """One source file.

    `path` is relative to the data folder; `content` is the split key (the file, scene or source that all its
    copies share); `split` is "train", "val" or "test"; `mos`, `mos_std`, `crf`, `vmaf` and `enc_height` are None
    where the table has no such column.
    """

    path: str
    group: str
    content: str
    split: str
    width: int
    height: int
    fps: float = 0.0
    licence: str = ""
    redistributable: bool = False
    mos: float | None = None
    mos_std: float | None = None
    crf: int | None = None
    vmaf: float | None = None
    enc_height: int | None = None


def seeded_rng(*key: object) -> np.random.Generator:
    """A generator that depends only on the words of `key`, the same in every process and on every machine."""
    digest = hashlib.sha256("/".join(str(part) for part in key).encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "little"))


def draw_some(rows: Sequence[dict], most: int, *key: object) -> list[dict]:
    """A seeded choice of at most so many rows, in their order."""
    order = seeded_rng(*key).permutation(len(rows))[:most]
    return [rows[index] for index in sorted(order)]


def draw_share(contents: list[str], share: float, *key: object) -> set[str]:
    """A seeded share of the distinct contents, at least one of several."""
    keys = sorted(set(contents))
    order = seeded_rng(*key).permutation(len(keys))
    return {keys[i] for i in order[: max(1, round(share * len(keys)))]} if len(keys) > 1 else set()


def assign_splits(contents: list[str], seed: int, *group: str, share: float = VAL_SHARE) -> dict[str, str]:
    """Content key -> "train" or "val": a seeded shuffle of the distinct keys, the first `share` is validation.

    `group` names the keys: a group of sources and, where it has any, its part.
    """
    held_out = draw_share(contents, share, seed, "split", *group)
    return {key: "val" if key in held_out else "train" for key in contents}


def keep_for_grpo(rows: list[dict], shares: dict[str, float], seed: int) -> None:
    """Manifest rows of a share of the training contents of the groups in `shares` get the split "grpo", in place: the
    supervised start does not see them, so that GRPO is rewarded on videos whose answer the model does not know by
    heart."""
    for group, share in sorted(shares.items()):
        members = [row for row in rows if row["split"] == "train" and row["group"] == group]
        kept = draw_share([row["content"] for row in members], share, seed, "grpo", group)
        for row in members:
            row["split"] = "grpo" if row["content"] in kept else "train"


def _rows(data_dir: Path, group: str, table: str) -> list[dict[str, str]]:
    path = data_dir / group / table
    if not path.is_file():
        raise FileNotFoundError(f"The data folder has no {group}/{table}: {path}")
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _is_free(licence: str) -> bool:
    return not any(word in licence.lower() for word in FREE_LICENCE_EXCEPTIONS)


def load_contents(data_dir: Path, seed: int, group: str) -> list[Content]:
    """The contents of one group ("clive", "avt_uhd", "biq2021", "clips", "photos"), in the order of its table, with
    splits, those that the table states before those that are drawn. BIQ2021 keeps its official "test"; of the rest a
    tenth of the contents of each of its parts is "val"."""
    table = {"clips": "clips.csv", "photos": "photos.csv"}.get(group, "labels.csv")
    key = {"clips": "scene", "avt_uhd": "source", "biq2021": "content"}.get(group, "file")
    rows = _rows(data_dir, group, table)
    if group == "biq2021":
        splits = _biq_splits(rows, seed)
    else:
        given = {row[key]: row["split"] for row in rows if row.get("split")}
        splits = assign_splits([row[key] for row in rows], seed, group) | given
    return [_content(row, group, row[key], "test" if _is_test(row) else splits[row[key]]) for row in rows]


def _biq_splits(rows: list[dict[str, str]], seed: int) -> dict[str, str]:
    splits = {}
    for subset in sorted({row["subset"] for row in rows}):
        keys = [row["content"] for row in rows if row["subset"] == subset and not _is_test(row)]
        splits |= assign_splits(keys, seed, "biq2021", subset, share=BIQ_VAL_SHARE)
    return splits


def _is_test(row: dict[str, str]) -> bool:
    return row.get("split") == "test"


def _content(row: dict[str, str], group: str, key: str, split: str) -> Content:
    number = lambda name, kind: kind(row[name]) if row.get(name) else None  # noqa: E731
    licence = RATED_LICENCES.get(group) or row["licence"]
    free = {"clive": True, "avt_uhd": True, "biq2021": False, "clips": row.get("allow_redistribution") == "yes"}
    return Content(
        path=f"{group}/{row['file']}",
        group=group,
        content=f"{group}:{key}",
        split=split,
        width=int(row["width"]),
        height=int(row["height"]),
        fps=number("fps", float) or 0.0,
        licence=licence,
        redistributable=free.get(group, _is_free(licence)),
        mos=number("mos", float),
        mos_std=number("std", float),
        crf=number("crf", int),
        vmaf=number("vmaf", float),
        enc_height=number("enc_height", int),
    )
