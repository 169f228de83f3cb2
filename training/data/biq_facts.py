"""What the labels of BIQ2021 are worth: shared scenes between the official parts, and how far copies agree.

    python -m training.data.biq_facts DATA_DIR

Copies are one picture twice in the set, rated each time: half the mean square of their difference is the variance of a
label. Neighbours are two pictures of one scene with numbers next to each other; what they differ by is in part real.
"""

from __future__ import annotations

import argparse
import csv
import re
from collections import defaultdict
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

import numpy as np

from training.common.cli import ends_in_a_sentence


def leaks(rows: list[dict]) -> list[str]:
    """Per subset: test pictures, how many share their content, and how many their very picture, with training ones."""
    trained = {(key, row[key]) for row in rows for key in ("content", "copy_of") if row["split"] == "train"}
    lines = []
    for subset in sorted({row["subset"] for row in rows}):
        test = [row for row in rows if row["subset"] == subset and row["split"] == "test"]
        scenes, copies = (
            sum(row[key] != "" and (key, row[key]) in trained for row in test) for key in ("content", "copy_of")
        )
        lines.append(f"{subset}: {len(test)} test pictures, {scenes} share a scene with training, {copies} a picture")
    return lines


def pairs(rows: list[dict], key: str) -> dict[str, np.ndarray]:
    """Subset -> differences of the MOS (1..5) of all pairs whose `key` is one and the same, (N,)."""
    groups = defaultdict(list)
    for row in rows:
        if row[key]:
            groups[row["subset"], row[key]].append(row)
    found = defaultdict(list)
    for (subset, _), members in groups.items():
        for a, b in combinations(members, 2):
            near = abs(_number(a) - _number(b)) == 1 and not a["copy_of"] and not b["copy_of"]
            if key == "copy_of" or near:
                found[subset].append(float(a["mos"]) - float(b["mos"]))
    return {subset: np.array(values) for subset, values in found.items()}


def _number(row: dict) -> int:
    return int(re.search(r"\((\d+)\)", row["file"])[1])


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m training.data.biq_facts",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("data_dir", type=Path, help="folder with biq2021/")
    args = parser.parse_args(argv)
    with ends_in_a_sentence("data.biq_facts"):
        with (args.data_dir / "biq2021" / "labels.csv").open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        print("\n".join(leaks(rows)))
        for key, title in (("copy_of", "copies"), ("content", "neighbours of one scene")):
            for subset, gap in sorted(pairs(rows, key).items()):
                noise = np.sqrt(np.mean(gap**2) / 2)
                print(f"{title}, {subset}: {len(gap)} pairs, mean gap {np.abs(gap).mean():.3f}, sd {noise:.3f}")


if __name__ == "__main__":
    main()
