"""Some minutes, to see GRPO move a model: the bundled one, on two CPU cores, with nothing to fetch.

    python -m examples.see_it_move FOLDER    # log, states and the checkpoint go there

Nobody has scored the example clips. So the labels are made up, and say so: each is what the bundled model gave, and
`SHIFT` more, as if people were kinder than it. GRPO, with the rewards and the trainer of the recipe, then has something
to learn, and it is known what: the level. What comes out is a demonstration, not a better model.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from training.common.io import read_jsonl
from training.data.datasets import official_row, read_items
from training.grpo.config import GrpoSettings
from training.grpo.train import run_grpo
from vqathinker import load_rater
from vqathinker.bundled import examples_folder

SHIFT, BEST = 0.8, 5.0
SETTINGS = GrpoSettings(
    max_steps=16,
    videos_per_step=4,
    num_generations=8,
    twins=0,
    max_completion_length=90,
    learning_rate=2.5e-4,
    warmup_ratio=0.0,
    beta=0.04,
    save_steps=16,
    validation=4,
    validation_group=4,
    probes=1,
)


def write_labels(path: Path) -> dict[str, float]:
    """Rows as LSVQ is distributed, one for each example clip; the made-up scores by file."""
    recorded = sorted((examples_folder() / "records").glob("*.json"))
    told = {one.stem: json.loads(one.read_text(encoding="utf-8"))["report"]["score"] for one in recorded}
    labels = {f"{name}.mp4": min(BEST, score + SHIFT) for name, score in told.items()}
    rows = [official_row(number, "examples", file, mos) for number, (file, mos) in enumerate(labels.items())]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return labels


def train(folder: Path, settings: GrpoSettings = SETTINGS) -> Path:
    """Sixteen steps of GRPO from the bundled model; the folder of the checkpoint."""
    folder.mkdir(parents=True, exist_ok=True)
    write_labels(folder / "labels.jsonl")
    items = read_items(folder / "labels.jsonl", examples_folder())
    run_grpo(items, items, folder / "run", "tiny", folder / "checkpoint", settings)
    return folder / "checkpoint"


def rewards(folder: Path) -> list[float]:
    """The mean reward for accuracy of each step, 0 to 1."""
    return [row["regression"] for row in read_jsonl(folder / "run" / "grpo_log.jsonl") if "regression" in row]


def table(folder: Path) -> str:
    """For each clip: the label, the score before and the score after; then how far they are from the labels."""
    raters, lines, errors = [load_rater("tiny"), load_rater(str(folder / "checkpoint"))], [], []
    for file, mos in write_labels(folder / "labels.jsonl").items():
        scores = [rater.rate(examples_folder() / file).score for rater in raters]
        lines.append(row(file, mos, *scores))
        errors.append([abs(score - mos) for score in scores])
    distance = [sum(column) / len(errors) for column in zip(*errors, strict=True)]
    return "\n".join([f"{'clip':26}label  before  after", *lines, row("mean distance from label", 0.0, *distance)])


def row(name: str, mos: float, before: float, after: float) -> str:
    return f"{name:26}{mos:5.2f}  {before:6.2f}  {after:5.2f}"


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser("python -m examples.see_it_move", description=__doc__.split("\n\n")[0])
    parser.add_argument("folder", type=Path, help="for labels, log, states and the checkpoint")
    args = parser.parse_args(argv)
    train(args.folder)
    told = rewards(args.folder)
    print(f"\nreward for accuracy, step by step: {', '.join(f'{one:.2f}' for one in told)}\n\n{table(args.folder)}")


if __name__ == "__main__":
    main()
