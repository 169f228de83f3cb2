"""What the page shows beside a score: the held-out pictures that people rated, each as its MOS and the model's score.

    python -m training.report.held_out EVALUATION_DIR [--checkpoint vqathinker/checkpoints/tiny]

EVALUATION_DIR holds predictions.jsonl and evaluation.json of `training.evaluate`, made with this checkpoint and no
other. CHECKPOINT/held_out.json is written; vqathinker/space/rate/held_out.py reads it. Pictures only, as people saw
them: no clip that a camera made of one, and nothing whose score was computed.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from vqathinker.bundled import EVALUATION_FILE, HELD_OUT_FILE, HELD_OUT_FORMAT

from ..common.atomic import atomic_write
from ..common.cli import ends_in_a_sentence
from ..common.io import read_jsonl
from ..common.spread import spread
from ..evaluate.lines import checkpoint_digest

HELD_OUT_SETS = ("clive", "biq", "avt")
MOST_POINTS = 1500
"""Pictures of one set: they are drawn on the page of every visitor."""


def made_with(evaluation: Path, checkpoint: Path) -> None:
    """Raises ValueError where the measurements are those of another checkpoint."""
    stated = json.loads((evaluation / EVALUATION_FILE).read_text(encoding="utf-8")).get("hashes", {})
    if stated.get("checkpoint") != checkpoint_digest(checkpoint):
        raise ValueError(f"{evaluation} was measured with another checkpoint than {checkpoint}")


def points(lines: Sequence[dict]) -> dict[str, list[list[float]]]:
    """Set -> [MOS, score] of each rated picture, evenly thinned to MOST. Raises ValueError where there is none."""
    found = {}
    for name in HELD_OUT_SETS:
        rated = [[round(line["mos"], 2), line["score"]] for line in lines if line.get("set") == name]
        if rated:
            found[name] = spread(rated, MOST_POINTS)
    if not found:
        raise ValueError(f"predictions.jsonl holds no picture of {', '.join(HELD_OUT_SETS)}")
    return found


def write_held_out(evaluation: Path, checkpoint: Path) -> Path:
    """Write held_out.json into the checkpoint's folder. Raises ValueError and OSError."""
    made_with(evaluation, checkpoint)
    content = {"format": HELD_OUT_FORMAT, "sets": points(read_jsonl(evaluation / "predictions.jsonl"))}
    path = checkpoint / HELD_OUT_FILE
    with atomic_write(path) as partial:
        partial.write_text(json.dumps(content, separators=(",", ":")) + "\n", encoding="utf-8")
    return path


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m training.report.held_out", description="Write the held-out pictures that the page shows."
    )
    parser.add_argument("evaluation", type=Path, help="folder of predictions.jsonl and evaluation.json")
    parser.add_argument("--checkpoint", type=Path, default=Path("vqathinker/checkpoints/tiny"), help="the checkpoint")
    args = parser.parse_args(argv)
    with ends_in_a_sentence("report.held_out"):
        path = write_held_out(args.evaluation, args.checkpoint)
        print(f"{path}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
