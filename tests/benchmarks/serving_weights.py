"""What the weights of 8b take in each precision, and a video beside them: computed, nothing is loaded.

python -m tests.benchmarks.serving_weights [--write vqathinker/model/8b.md]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from tests.model.released_size import config_8b
from training.common.markdown import replace_between
from vqathinker.markdown import markdown_table
from vqathinker.model.convert import expected_shapes
from vqathinker.model.memory import PRECISIONS, Need, gigabytes, need
from vqathinker.model.modes import MODES, show_frames

MARKERS = ("<!-- weights: begin -->", "<!-- weights: end -->")
DEVICES = {"GPU": torch.device("cuda"), "CPU": torch.device("cpu")}
SIDE = 560


def cells(found: Need) -> list[str]:
    return [gigabytes(found.weights), gigabytes(found.video)]


def report() -> str:
    """A Markdown table in 10^9 bytes."""
    config = config_8b()
    show_frames(config, MODES["inference"], SIDE)
    shapes = expected_shapes(config)
    count = sum(torch.Size(shape).numel() for shape in shapes.values())
    header = ["precision"] + [f"{what}, {where}" for where in DEVICES for what in ("weights", "one video")]
    lines = [
        [name, *(cell for device in DEVICES.values() for cell in cells(need(shapes, config, name, device)))]
        for name in PRECISIONS
    ]
    about = (
        f"8b, {count / 1e9:.2f} billion parameters, {config.frames} frames of {SIDE} pixels, in 10^9 bytes. Weights "
        "are counted on the real module, one video (cache and largest activations) is an estimate:"
    )
    return f"{about}\n\n{markdown_table(header, lines)}"


def main() -> None:
    parser = argparse.ArgumentParser(description="Count what the 8b model takes in each precision.")
    parser.add_argument("--write", type=Path, help="write the table between this document's markers")
    args = parser.parse_args()
    print(report())
    if args.write:
        replace_between(args.write, MARKERS, report())


if __name__ == "__main__":
    main()
