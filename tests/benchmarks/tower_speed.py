"""The vision tower of the tiny model in float32 and in bfloat16, looking and learning. Prints; never fails.

    python -m tests.benchmarks.tower_speed [--runs 3] [--pictures 16] [--threads 2]

Looking is what *speak* and GRPO have it do before they start; learning is a step of *see* without its bursts (forward
and backward, the first stages frozen, depthwise convolutions out of autocast). A ratio is bfloat16 / float32: above 1,
the processor only imitates bfloat16, and training/common/precision.py chooses float32.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from pathlib import Path

import torch

from training.common.precision import multiplies_bfloat16
from training.common.start import load_start
from training.sft.config import load_sft_settings
from training.sft.vision import Seer


def main() -> None:
    parser = argparse.ArgumentParser(description="Speed of the vision tower in float32 and bfloat16 on this CPU.")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--pictures", type=int, default=16)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    loaded = load_start("tiny")
    model, processor = loaded.model, loaded.processor
    tower = model.model.vision_tower.requires_grad_(True).train()
    Seer(model, processor, Path(), load_sft_settings(Path("training/configs/tiny_sft.yaml")))
    side = processor.image_size
    pixels = torch.randn(args.pictures, 3, side, side, generator=torch.Generator().manual_seed(0))
    pixels = pixels.to(memory_format=torch.channels_last)

    def seconds(learns: bool, rough: bool) -> float:
        began = time.perf_counter()
        with torch.set_grad_enabled(learns), torch.autocast("cpu", torch.bfloat16, enabled=rough):
            seen = tower(pixel_values=pixels).last_hidden_state
        if learns:
            seen.float().square().mean().backward()
        return time.perf_counter() - began

    report: dict = {"native": multiplies_bfloat16(torch.cpu.get_capabilities()), "pictures": args.pictures}
    for name, learns in (("looking", False), ("learning", True)):
        seconds(learns, False)
        runs = [(seconds(learns, False), seconds(learns, True)) for _ in range(args.runs)]
        precise, rough = map(statistics.median, zip(*runs, strict=True))
        ratio = statistics.median(b / a for a, b in runs)
        report[name] = {"float32, s": precise, "bfloat16, s": rough, "ratio": ratio}
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
