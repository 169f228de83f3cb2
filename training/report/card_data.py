"""What the hub reads of the model card: licence, languages, data, and every measured agreement as a model-index.

python -m training.report.card_data vqathinker/checkpoints/tiny    # again, from the evaluation.json in there
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from vqathinker.bundled import EVALUATION_FILE

from ..common.atomic import atomic_write
from ..common.cli import ends_in_a_sentence

if TYPE_CHECKING:
    from huggingface_hub import EvalResult

MODEL_NAME = "VQAThinker tiny"
BASE = "timm/tf_efficientnet_lite0.in1k"
"""The hub's port of the ImageNet weights that the tower starts from: both are ports of those of the paper's authors."""
HUB_DATASETS = {"clive": "live-in-the-wild", "biq": "biq2021", "avt": "avt-image-quality"}
"""Names of the rated sets. Their owners keep none of them on the hub."""
RATED_SETS = {
    "clive": ("clive", "LIVE In the Wild Image Quality Challenge, held-out contents", "validation"),
    "biq_test": ("biq", "BIQ2021, official test split", "test"),
    "biq": ("biq", "BIQ2021, held-out contents of the training split", "validation"),
    "avt": ("avt", "AVT UHD pictures, held-out contents", "validation"),
}
"""Sets with human scores: of which data, called what, which part of it. Others are no benchmark, and stay out."""
CARD_TASK = ("video-text-to-text", "no-reference quality assessment")
HUB_METRICS = {"srcc": ("spearmanr", "SRCC"), "plcc": ("pearsonr", "PLCC"), "mae": ("mae", "MAE")}


def results(evaluation: dict) -> Iterator[EvalResult]:
    """One for each metric of each set with human scores, to four decimals; undefined ones are left out."""
    from huggingface_hub import EvalResult  # takes long, only once there is something to do

    for name, (data, title, split) in RATED_SETS.items():
        entry = evaluation["sets"].get(name)
        for metric, (kind, shown) in HUB_METRICS.items() if entry else ():
            value = entry["score"][metric]["value"]
            if value is not None:
                yield EvalResult(
                    task_type=CARD_TASK[0],
                    task_name=CARD_TASK[1],
                    dataset_type=HUB_DATASETS[data],
                    dataset_name=title,
                    dataset_split=split,
                    metric_type=kind,
                    metric_name=shown,
                    metric_value=round(value, 4),
                )


def front_matter(evaluation: dict) -> str:
    """The card's head in YAML, between its two lines of dashes."""
    from huggingface_hub import ModelCardData

    data = ModelCardData(
        license="apache-2.0",
        language=["en"],
        library_name="transformers",
        pipeline_tag="video-text-to-text",
        base_model=BASE,
        datasets=list(HUB_DATASETS.values()),
        metrics=[kind for kind, _ in HUB_METRICS.values()],
        tags=["video-quality-assessment", "image-quality-assessment", "vqathinker"],
        model_name=MODEL_NAME,
        eval_results=list(results(evaluation)) or None,
    )
    return f"---\n{data.to_yaml()}\n---\n"


def renew(checkpoint: Path) -> None:
    """The head of a checkpoint's card, from the evaluation.json beside it; its text stays."""
    from huggingface_hub import ModelCard

    card = checkpoint / "README.md"
    text = ModelCard.load(card).text.lstrip("\n")
    evaluation = json.loads((checkpoint / EVALUATION_FILE).read_text(encoding="utf-8"))
    with atomic_write(card) as partial:
        partial.write_text(front_matter(evaluation) + text, encoding="utf-8")


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m training.report.card_data",
        description="Write the head of a model card, which the hub reads, from the measurements beside it.",
    )
    parser.add_argument("checkpoint", type=Path, help="folder with README.md and evaluation.json")
    args = parser.parse_args(argv)
    with ends_in_a_sentence("report.card_data"):
        renew(args.checkpoint)


if __name__ == "__main__":
    main()
