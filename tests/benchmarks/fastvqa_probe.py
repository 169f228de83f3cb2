"""Rates files with FAST-VQA-M again and again, in its own environment (fastvqa_setup.py), and prints one JSON object.

    cd FOLDER/code && FOLDER/env/bin/python fastvqa_probe.py RUNS FILE…

Random weights: they cost what trained ones do. Frames and fragments are those of its own script for one video.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from pathlib import Path

import numpy as np
import torch
import yaml

sys.path.insert(0, os.getcwd())
OPTIONS = Path("options/fast/fast-m.yml")
MEAN, DEVIATION = torch.tensor([123.675, 116.28, 103.53]), torch.tensor([58.395, 57.12, 57.375])
BOXES = torch.library.Library("torchvision", "DEF")


def without_compiled_torchvision() -> None:
    """Let torchvision be imported beside a torch of another build: these two operators, which are not needed to score,
    are then missing, and it asks for them."""
    for name in ("nms", "qnms"):
        with contextlib.suppress(RuntimeError):  # they are there
            BOXES.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")


def main() -> None:
    runs, files = int(sys.argv[1]), sys.argv[2:]
    without_compiled_torchvision()
    with contextlib.redirect_stdout(sys.stderr):
        import decord
        from fastvqa.datasets import SampleFrames, get_spatial_fragments
        from fastvqa.models import DiViDeAddEvaluator

        options = yaml.safe_load(OPTIONS.read_text())
        model = DiViDeAddEvaluator(**options["model"]["args"]).eval()
    sampling = options["data"]["val-livevqc"]["args"]["sample_types"]["fragments"]
    sampler = SampleFrames(sampling["clip_len"], num_clips=sampling["num_clips"])

    def rate(file: str) -> float:
        reader = decord.VideoReader(file)
        numbers = sampler(len(reader))
        frames = {number: reader[number] for number in np.unique(numbers)}
        video = torch.stack([frames[number] for number in numbers]).permute(3, 0, 1, 2)
        pieces = get_spatial_fragments(video, **sampling)
        pieces = ((pieces.permute(1, 2, 3, 0) - MEAN) / DEVIATION).permute(3, 0, 1, 2)
        clips = pieces.unflatten(1, (sampling["num_clips"], -1)).transpose(0, 1)
        return model({"fragments": clips}).mean().item()

    report = {}
    for file in files:
        rate(file)
        walls, spent = [], []
        for _ in range(runs):
            wall, cpu = time.perf_counter(), time.process_time()
            rate(file)
            walls.append(time.perf_counter() - wall)
            spent.append(time.process_time() - cpu)
        report[file] = {"wall": walls, "cpu": spent}
    print(json.dumps(report))


if __name__ == "__main__":
    main()
