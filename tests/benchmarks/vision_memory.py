"""What looking at N frames takes when they go through the tower a few at a time. Not a test: it prints, it never fails.

    python -m tests.benchmarks.vision_memory                      # InternViT-300M at 560 pixels, 12 frames, on a CPU
    python -m tests.benchmarks.vision_memory --layers 1 --frames 6   # only its first block: memory is that of any block
    python -m tests.benchmarks.vision_memory --tower tiny         # the bundled tower at 448, 6 frames

Random weights; tower and projector in float32. For each number of frames at a time, in a process of its own: the most
memory above what stood before and beside the tokens that come out, against that of a video of one frame; CPU seconds;
and how far the tokens are from those of all frames at once.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import torch

from tests.benchmarks.serving_speed import read_peak
from tests.model.released_size import config_8b
from vqathinker.markdown import markdown_table
from vqathinker.model.configuration import VQAThinkerConfig
from vqathinker.model.family.load import load_model
from vqathinker.model.modeling import VQAThinkerForConditionalGeneration, VQAThinkerModel
from vqathinker.model.modes import MODES, show_frames

CPU = torch.device("cpu")
GIVEN_BACK = {"MALLOC_MMAP_THRESHOLD_": "65536"}
"""malloc gives every freed tensor back, so that what is measured is what is held."""
SIDES = {"8b": 560, "tiny": 448}
FRAMES = {"8b": 12, "tiny": 6}


def tower_8b(layers: int) -> VQAThinkerModel:
    """Tower and projector of the 8b size, with a language model of one narrow layer."""
    config: VQAThinkerConfig = config_8b(1, layers)
    show_frames(config, MODES["inference"], SIDES["8b"])
    config.text_config.intermediate_size = config.text_config.vocab_size = 256
    torch.manual_seed(0)
    return VQAThinkerForConditionalGeneration(config).eval().model


@torch.inference_mode()
def probe(tower: str, layers: int, frames: int, few: int) -> dict:
    """Peak in bytes, CPU seconds, and some of the tokens."""
    model = tower_8b(layers) if tower == "8b" else load_model("tiny", "fp32", "cpu").model.model
    model.config.frames_at_once = few
    side = SIDES[tower]
    pixels = torch.randn(1, frames, 3, side, side, generator=torch.Generator().manual_seed(1))

    def look(shown: torch.Tensor) -> torch.Tensor:
        return model._by_few(shown, lambda pictures: model._project(model._look_at(pictures)))

    look(pixels[:, :1, :, : side // 2, : side // 2] if tower == "tiny" else pixels[:, :1])  # libraries are ready now
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")
    before, began = rss(), time.process_time()
    tokens = look(pixels)
    seconds = time.process_time() - began
    peak = read_peak(CPU) - before - tokens.nbytes
    return {"peak": peak, "seconds": seconds, "tokens": tokens[0, 0, :3, :5].flatten().tolist()}


def rss() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tower", choices=SIDES, default="8b")
    parser.add_argument("--few", type=int, nargs="+", default=[1, 2, 4], help="frames at a time")
    parser.add_argument("--frames", type=int, help="default: as many as the model is shown")
    parser.add_argument("--layers", type=int, default=24, help="blocks of the tower of the 8b size")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--probe", type=int, nargs=2, metavar=("FRAMES", "FEW"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.probe:
        torch.set_num_threads(args.threads)
        print(json.dumps(probe(args.tower, args.layers, *args.probe)))
        return
    frames, found = args.frames or FRAMES[args.tower], {}
    for shown, few in [(1, 1), *((frames, few) for few in [*args.few, frames])]:
        command = [sys.executable, "-m", "tests.benchmarks.vision_memory", "--tower", args.tower]
        command += ["--layers", str(args.layers), "--threads", str(args.threads), "--probe", str(shown), str(few)]
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ | GIVEN_BACK)
        found[shown, few] = json.loads(done.stdout.splitlines()[-1])
    alone, whole = found[1, 1], found[frames, frames]
    lines = []
    for (shown, few), one in found.items():
        far = max(abs(a - b) for a, b in zip(one["tokens"], whole["tokens"], strict=True))
        figures = (one["peak"] / 1e6, one["peak"] / alone["peak"], one["seconds"] / shown, far)
        lines.append([str(shown), str(few), *(f"{figure:.3g}" for figure in figures)])
    columns = ["frames", "at a time", "MB at work", "by one frame", "CPU s a frame", "largest difference of tokens"]
    print(markdown_table(columns, lines))


if __name__ == "__main__":
    main()
