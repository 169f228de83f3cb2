"""A GRPO step of the 8b size with adapters on one GPU: memory and seconds. Not a test.

    python -m tests.benchmarks.grpo_8b                                  # random weights, on a GPU
    python -m tests.benchmarks.grpo_8b --size small --answer-tokens 8   # the same code, on a CPU
    python -m tests.benchmarks.grpo_8b --write training/SCALING.md      # the table, into that document

The settings are those of training/configs/8b_grpo_lora.yaml, except for the length of the answers: a random model does
not end them, so each is written to `--answer-tokens` and counts as whole. Clips and their perturbed twins are random
pixels of the training size; advantages are random, because a random model earns none. Each step is one of the loop:
tower and motion encoder, answers, the reference (adapters off), the update. The median of `--steps` steps after a first
one counts; peaks are those of PyTorch's allocator on a GPU.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from dataclasses import replace
from pathlib import Path

import torch
from torch.profiler import profile

from tests.benchmarks.serving_models import SIZES, load_random
from tests.benchmarks.serving_speed import machine, read_peak, start_peak
from training.common.markdown import replace_between
from training.data.datasets import Item
from training.grpo.config import GrpoSettings, load_grpo_settings
from training.grpo.setup import make_accelerator, make_learner
from training.grpo.step import Batch, Learner, reference_logps, roll_out, update, writing
from training.policy.policy import Inputs, see
from vqathinker.markdown import markdown_table

CONFIG, GIB = Path("training/configs/8b_grpo_lora.yaml"), 2**30
MARKERS = ("<!-- measured: begin -->", "<!-- measured: end -->")
PHASES = ("vision", "rollouts", "reference", "update")


def random_pixels(learner: Learner, seed: int) -> Inputs:
    processor, device = learner.processor, learner.accelerator.device
    rng = torch.Generator().manual_seed(seed)
    shape = (learner.settings.videos_per_step, processor.frames, 3, processor.image_size, processor.image_size)
    return {"pixel_values": torch.randn(shape, generator=rng).to(device)}


def synchronise(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def one_step(learner: Learner, step: int) -> dict[str, tuple[float, int]]:
    """Seconds and peak bytes of each phase."""
    device, found = learner.accelerator.device, {}

    def measured(name: str, action):
        start_peak(device)
        synchronise(device)
        began = time.perf_counter()
        result = action()
        synchronise(device)
        found[name] = (time.perf_counter() - began, read_peak(device))
        return result

    pixels = [random_pixels(learner, 2 * step + twin) for twin in range(2)]

    def look() -> list[Inputs]:
        with writing(learner) as bare:
            return [see(bare.model, inputs) for inputs in pixels]

    videos, group = learner.settings.videos_per_step, learner.settings.num_generations
    items = [Item(str(k), Path(str(k)), 1 + 4 * k / videos) for k in range(videos)]
    ordered, twins = measured("vision", look)
    batch = Batch(items, ordered, twins, [True] * videos)
    rollouts, _ = measured("rollouts", lambda: roll_out(learner, batch, step, 0))
    rollouts = replace(rollouts, cut=torch.zeros_like(rollouts.cut))
    advantage = torch.randn(videos, group, generator=torch.Generator().manual_seed(step))
    reference = measured("reference", lambda: reference_logps(learner, batch, rollouts))
    measured("update", lambda: update(learner, batch, rollouts, advantage, reference, step))
    return found


def random_learner(settings: GrpoSettings, size: str, precision: str) -> Learner:
    accelerator = make_accelerator(settings)
    return make_learner(load_random(size, precision, accelerator.device, "training"), settings, accelerator)[0]


def profile_rollouts(learner: Learner, tokens: int) -> str:
    """Where the time goes while the first `tokens` of the answers are written: PyTorch's own table, and the wall."""
    settings, device = learner.settings, learner.accelerator.device
    with writing(learner) as bare:
        seen = see(bare.model, random_pixels(learner, 0))
    items = [Item(str(k), Path(str(k)), 3.0) for k in range(settings.videos_per_step)]
    short = replace(learner, settings=replace(settings, max_completion_length=tokens))
    with profile() as told:
        synchronise(device)
        began = time.perf_counter()
        roll_out(short, Batch(items, seen, seen, [True] * settings.videos_per_step), 0, 0)
        synchronise(device)
        wall = time.perf_counter() - began
    by = "self_cuda_time_total" if device.type == "cuda" else "self_cpu_time_total"
    return f"{told.key_averages().table(sort_by=by, row_limit=16, max_name_column_width=60)}\nwall: {wall:.2f} s"


def measure(learner: Learner, steps: int) -> dict[str, tuple[float, int]]:
    """Median seconds and highest peaks by phase."""
    runs = [one_step(learner, step) for step in range(1 + steps)][1:]
    return {
        name: (statistics.median(run[name][0] for run in runs), max(run[name][1] for run in runs)) for name in PHASES
    }


def told(found: dict[str, tuple[float, int]], where: str, settings: GrpoSettings, tokens: int) -> str:
    """The table."""
    rows = [[name, f"{found[name][0]:.1f} s", f"{found[name][1] / GIB:.1f} GiB"] for name in PHASES]
    seconds, peak = (pick(part) for pick, part in zip((sum, max), zip(*found.values(), strict=True), strict=True))
    rows.append(["a step", f"{seconds:.1f} s", f"{peak / GIB:.1f} GiB"])
    size, count = settings.num_generations, settings.videos_per_step
    about = f"{where}; {count} videos and their twins, {size} answers of {tokens} tokens about each"
    return f"{about}:\n\n{markdown_table(['phase', 'measured', 'peak of allocated memory'], rows)}"


def main() -> None:
    parser = argparse.ArgumentParser(description="A GRPO step of the 8b size with adapters, on one GPU.")
    parser.add_argument("--size", choices=SIZES, default="8b")
    parser.add_argument("--precision", choices=("fp32", "bf16"), default="fp32", help="of the frozen weights")
    parser.add_argument("--answer-tokens", type=int, default=400)
    parser.add_argument("--steps", type=int, default=2, help="after a first one that does not count")
    parser.add_argument("--profile", type=int, default=0, help="show where the time of so many tokens of rollouts goes")
    parser.add_argument("--write", type=Path, help="write the table between this document's markers")
    args = parser.parse_args()
    settings = load_grpo_settings(CONFIG)
    short = replace(settings, max_completion_length=args.answer_tokens)
    learner = random_learner(short, args.size, args.precision)
    found = measure(learner, args.steps)
    print(json.dumps(found))
    text = told(found, machine(learner.accelerator.device), settings, args.answer_tokens)
    print(text, flush=True)
    if args.write:
        replace_between(args.write, MARKERS, text)
    if args.profile:
        print(profile_rollouts(learner, args.profile))


if __name__ == "__main__":
    main()
