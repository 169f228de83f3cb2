"""What sharing buys in GRPO: rollouts and a full step against the released way. Not a test: it prints, it never fails.

    python -m tests.benchmarks.grpo_speed [--runs 5] [--videos 4] [--group 8] [--model tiny] [--threads 2]

Both ways start from decoded clips (random pixels and bursts of the right size) and the same weights, and draw the same
answers; the reference is moved away from the policy a little, so that there is a loss to compare. Prints one JSON
object: medians in seconds, medians of the ratios within a run, the largest difference of the log-probabilities and of
the losses, and where the time of a step goes.

(i) Rollouts of one clip. Shared: one vision pass, one prefill, G answers side by side. Encoded again: for every answer
    the clip goes through tower, projectors and prefill by itself. Sampled log-probabilities: policy pass with a shared
    prompt against one plain forward for every answer.
(ii) A step of `--videos` clips with their twins. Ours: tower once for every clip and twin, answers side by side, policy
    and reference passes with a shared prompt. The released way, in the same code base: a clip's pixels are replicated
    G times and go through the tower with every row, in each of four passes (answers, answers about the twin in a
    second generation of its own, policy, reference), prompts are run G times, and the reference scores the whole
    sequence, prompt included, with logits at every position.
(iii) The step as the tiny recipe runs it: what the frozen tower sees was computed before the run.
"""

from __future__ import annotations

import argparse
import copy
import json
import statistics
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from accelerate import Accelerator

from tests.benchmarks.grpo_released import (
    plain_logps,
    released_step,
    rewards_of,
    seeds_of,
    timed,
    write_encoding_each,
)
from training.common.start import load_start
from training.data.datasets import Item
from training.grpo.config import GrpoSettings
from training.grpo.setup import make_learner
from training.grpo.step import Batch, Learner, reference_logps, roll_out, update
from training.policy.features import part
from training.policy.policy import Inputs, see, video_features
from training.policy.rollouts import Rollouts, answers_to
from vqathinker.model.generation import prefill


def random_clips(learner: Learner, videos: int, seed: int) -> Inputs:
    """Frames and bursts of smooth noise, as the processor would hand them over."""
    processor, rng = learner.processor, torch.Generator().manual_seed(seed)
    side, frames = processor.image_size, processor.frames
    coarse = torch.randn(videos * frames, 3, side // 16, side // 16, generator=rng)
    pixels = torch.nn.functional.interpolate(coarse, size=(side, side), mode="bilinear")
    bursts = torch.rand(videos, frames, processor.burst_length, *(2 * [processor.burst_size]), generator=rng)
    facts = torch.randn(videos, 4, generator=rng) / 2
    return {"pixel_values": pixels.unflatten(0, (videos, frames)), "motion_values": bursts, "clip_facts": facts}


def move_reference(learner: Learner, share: float = 0.3) -> None:
    """Give the reference other weights: where it is the policy itself, both ways have the loss 0."""
    rng = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in learner.reference.policy.model.model.language_model.parameters():
            parameter.add_(share * parameter.std() * torch.randn(parameter.shape, generator=rng))


def our_step(learner: Learner, clips: Inputs, twins: Inputs, items: list[Item], frozen: bool) -> dict:
    """A step from pixels, or from what a frozen tower made of them; seconds of its parts, loss, answers."""
    model, seconds = learner.bare.model, {}
    with torch.no_grad():
        seconds["vision"], seen = timed(lambda: [x if frozen else see(model, x) for x in (clips, twins)])
    batch = Batch(items, *seen, [True] * len(items))
    seconds["answers, twins too"], (rollouts, perturbed) = timed(roll_out, learner, batch, 0, 0)
    seconds["rewards"], advantage = timed(rewards_of, learner, rollouts, perturbed, items)
    seconds["reference"], reference = timed(reference_logps, learner, batch, rollouts)
    seconds["update"], measured = timed(update, learner, batch, rollouts, advantage, reference, 0)
    return {"seconds": seconds, "loss": measured["loss"], "norm": measured["grad_norm"], "texts": rollouts.texts}


def compare_rollouts(learner: Learner, clips: Inputs) -> dict:
    """Part (i), once."""
    settings, model = learner.settings, learner.bare.model
    one, seeds = part(clips, 0, 1), seeds_of(learner, 1, 31)

    def shared() -> Rollouts:
        with torch.no_grad():
            features = video_features(model, one)
        ids = torch.tensor([learner.processor.tokenizer(learner.processor.prompt_text())["input_ids"]])
        prompts = [prefill(model, {"input_ids": ids.to(features.device), "video_features": features})]
        limit, group = settings.max_completion_length, settings.num_generations
        return answers_to(model, learner.processor, prompts, seeds, group, max_new_tokens=limit)

    (fast, ours), (slow, theirs) = timed(shared), timed(write_encoding_each, learner, one, seeds)
    with torch.no_grad():
        packed = learner.bare(one, ours.ids)[0]
        alone = torch.cat(
            [
                plain_logps(model, learner.bare.prompt, one, ours.ids[0, k : k + 1], whole=False)
                for k in range(settings.num_generations)
            ]
        )
    difference = ((packed - alone).abs() * ours.mask[0]).max()
    same = float(np.mean([a == b for a, b in zip(ours.texts[0], theirs.texts[0], strict=True)]))
    return {"shared": fast, "encoded again": slow, "difference": float(difference), "same texts": same}


def one_run(learner: Learner, start: dict, clips: Inputs, twins: Inputs, seen: list[Inputs], items: list[Item]) -> dict:
    """Everything in turn, each from the same weights."""
    run = {"rollouts": compare_rollouts(learner, clips)}
    steps = {
        "ours": lambda: our_step(learner, clips, twins, items, frozen=False),
        "released": lambda: released_step(learner, clips, twins, items),
        "cached": lambda: our_step(learner, *seen, items, frozen=True),
    }
    for name, step in steps.items():
        learner.bare.load_state_dict(start["model"])
        learner.optimizer.load_state_dict(copy.deepcopy(start["optimizer"]))
        run[name] = step()
        run[name]["total"] = sum(run[name]["seconds"].values())
    return run


def report(runs: list[dict], args: argparse.Namespace) -> dict:
    median = statistics.median

    def ratio(top: Callable[[dict], float], bottom: Callable[[dict], float]) -> float:
        return round(median(top(run) / bottom(run) for run in runs), 2)

    def parts(name: str) -> dict[str, float]:
        return {key: round(median(run[name]["seconds"][key] for run in runs), 3) for key in runs[0][name]["seconds"]}

    rollouts = [run["rollouts"] for run in runs]
    return {
        "runs": len(runs),
        "videos": args.videos,
        "group": args.group,
        "threads": args.threads,
        "rollouts": {
            "seconds, shared": round(median(r["shared"] for r in rollouts), 3),
            "seconds, encoded again": round(median(r["encoded again"] for r in rollouts), 3),
            "times faster": ratio(lambda run: run["rollouts"]["encoded again"], lambda run: run["rollouts"]["shared"]),
            "largest difference of log-probabilities": max(r["difference"] for r in rollouts),
            "share of equal texts": min(r["same texts"] for r in rollouts),
        },
        "step": {
            "times faster": ratio(lambda run: run["released"]["total"], lambda run: run["ours"]["total"]),
            "times faster, cached": ratio(lambda run: run["released"]["total"], lambda run: run["cached"]["total"]),
            "losses": [runs[0][name]["loss"] for name in ("ours", "released")],
            "largest difference of losses": max(abs(run["ours"]["loss"] - run["released"]["loss"]) for run in runs),
            "largest relative difference of gradient norms": max(
                abs(run["ours"]["norm"] / run["released"]["norm"] - 1) for run in runs
            ),
            "seconds": {name: parts(name) for name in ("ours", "released", "cached")},
            "same texts": all(run["ours"]["texts"] == run["released"]["texts"] for run in runs),
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Time GRPO against the released way.")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--videos", type=int, default=4)
    parser.add_argument("--group", type=int, default=8)
    parser.add_argument("--model", default="tiny")
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    settings = GrpoSettings(
        videos_per_step=args.videos,
        num_generations=args.group,
        micro_batch=min(2, args.videos),
        rollout_batch=2 * args.videos,
    )
    accelerator = Accelerator(cpu=True)
    accelerator.gradient_accumulation_steps = settings.micro_batches(1)
    learner = make_learner(load_start(args.model), settings, accelerator)[0]
    move_reference(learner)
    clips, twins = random_clips(learner, args.videos, 0), random_clips(learner, args.videos, 1)
    items = [Item(str(k), Path(str(k)), 1.5 + 3 * k / args.videos) for k in range(args.videos)]
    with torch.no_grad():
        seen = [see(learner.bare.model, inputs) for inputs in (clips, twins)]
    start = {"model": copy.deepcopy(learner.bare.state_dict()), "optimizer": learner.optimizer.state_dict()}
    one_run(learner, start, clips, twins, seen, items)
    runs = [one_run(learner, start, clips, twins, seen, items) for _ in range(args.runs)]
    print(json.dumps(report(runs, args), indent=1))


if __name__ == "__main__":
    main()
