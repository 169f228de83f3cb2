"""GRPO: the model answers each video several times, and answers that earned more than their siblings become likelier.

    python -m training.grpo DATA_DIR BUILT_DIR RUN_DIR --config training/configs/tiny_grpo.yaml --start tiny --out OUT
    python -m training.grpo RUN_DIR --labels train.jsonl --videos VIDEOS_DIR --config … --start … --out …
    accelerate launch --config_file training/configs/accelerate/ddp.yaml -m training.grpo …

The first form reads the manifest that training.data.build wrote, the second any labels that training/data/datasets.py
reads, the official LSVQ file for one. Run again after a stop, it goes on where the last save left it.

A step:
 1. `videos` clips, and of each moving one a twin whose timeline is perturbed (training/policy/clips.py);
 2. `group` sampled answers about each, from one vision pass and one prefill a clip (training/policy/rollouts.py);
 3. rewards over the clips of all processes (vqathinker/rewards), the temporal bonus from the twins;
 4. advantages in each group, the loss with its penalty for leaving the start (training/grpo/loss.py), an update in
    which the answers about a clip share its prompt (training/policy/policy.py). Twins are never trained on.

RUN_DIR receives grpo.yaml with all settings, grpo_log.jsonl, probes.jsonl, the last two states and, unless --features
names another folder, what the frozen tower sees of the clips. It belongs to one run at a time. OUT gets a model card
without measurements, which training.report.card replaces. Where this departs from the released trainer:
training/SCALING.md.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import torch
from accelerate import Accelerator
from accelerate.utils import (
    DistributedType,
    GradientAccumulationPlugin,
    InitProcessGroupKwargs,
    gather_object,
    parse_flag_from_env,
)
from torch.distributed.fsdp import MixedPrecisionPolicy

from vqathinker.errors import VQAThinkerError
from vqathinker.model.loading import LoadedModel
from vqathinker.model.processing import VQAThinkerProcessor

from ..common.cli import ERRORS, sentence
from ..common.io import locked
from ..common.start import load_looker, load_start
from ..data.datasets import Item, read_items
from ..policy.clips import sample_key
from ..policy.features import Decoded, Stored, fill, fingerprint
from ..policy.policy import Policy, Reference, add_adapters, choose_trained
from .card import plain_card
from .checkpoint import save_checkpoint
from .config import REWARDS, GrpoSettings, load_grpo_settings
from .loop import Data, Trainer, weights_digest
from .sampler import limited
from .step import Learner
from .validate import evenly

PATIENCE = timedelta(hours=6)
"""How long processes wait for one another: the first one validates alone. The default of NCCL is ten minutes."""


def make_accelerator(settings: GrpoSettings) -> Accelerator:
    """accelerate with the precision and the accumulation of the settings; DeepSpeed is told the batch, as it asks.

    FSDP divides the gradients of every micro batch at once: whole ones would stay on every GPU until the last. It adds
    them up in float32.
    """
    micro = settings.micro_batches(int(os.environ.get("WORLD_SIZE", "1")))
    steps = GradientAccumulationPlugin(num_steps=micro, sync_each_batch=parse_flag_from_env("ACCELERATE_USE_FSDP"))
    accelerator = Accelerator(
        mixed_precision="bf16" if settings.bf16 else "no",
        gradient_accumulation_plugin=steps,
        kwargs_handlers=[InitProcessGroupKwargs(timeout=PATIENCE)],
    )
    if accelerator.distributed_type == DistributedType.FSDP and settings.bf16:
        precise = MixedPrecisionPolicy(param_dtype=torch.bfloat16, reduce_dtype=torch.float32)
        accelerator.state.fsdp_plugin.mixed_precision_policy = precise
    if accelerator.distributed_type == DistributedType.DEEPSPEED:
        config = accelerator.state.deepspeed_plugin.deepspeed_config
        config |= {
            "train_micro_batch_size_per_gpu": settings.micro_batch,
            "gradient_accumulation_steps": micro,
            "train_batch_size": settings.videos,
            "gradient_clipping": settings.max_grad_norm,
        }
    return accelerator


def make_learner(
    loaded: LoadedModel, settings: GrpoSettings, accelerator: Accelerator
) -> tuple[Learner, object, VQAThinkerProcessor]:
    """Model, reference and optimiser of a run from what it starts from; the second value is the peft model, or None.

    What marks the start and what it sees is taken before an engine divides the weights.
    """
    model, processor = loaded.model, loaded.processor
    prompt = processor.tokenizer(processor.prompt_text())["input_ids"]
    policy = Policy(model, prompt, settings.temperature, settings.gradient_checkpointing)
    adapters = add_adapters(model, settings.train, settings.lora) if settings.lora else None
    trained = [p for p in model.parameters() if p.requires_grad] if adapters else choose_trained(model, settings.train)
    policy.to(accelerator.device)
    start_mark = weights_digest(policy)
    sight_mark = fingerprint(model, processor, settings.twins, settings.twin_seed) if settings.stores_sight else {}
    reference = Reference(policy, adapters) if settings.beta else None
    groups = [
        {"params": [p for p in trained if p.ndim > 1], "weight_decay": settings.weight_decay},
        {"params": [p for p in trained if p.ndim <= 1], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW([group for group in groups if group["params"]], lr=settings.lr, betas=(0.9, 0.98))
    policy, optimizer = accelerator.prepare(policy, optimizer)
    learner = Learner(accelerator, policy, reference, optimizer, processor, settings, start_mark, sight_mark)
    return learner, adapters, processor


def make_data(
    items: Sequence[Item], held_out: Sequence[Item], learner: Learner, start: str, features: Path, jobs: int
) -> Data:
    """Sources of the clips. With a frozen tower all features are computed here, each process its share of them."""
    settings, accelerator = learner.settings, learner.accelerator
    held_out = evenly(held_out, settings.validation)
    twins = (settings.twins, settings.twin_seed)
    if not settings.stores_sight:
        return Data(list(items), held_out, Decoded(learner.processor, *twins))
    store = Stored(features, learner.sight_mark, learner.processor.frames)
    mine = [*items, *held_out][accelerator.process_index :: accelerator.num_processes]
    if not all(store.path(item).exists() for item in mine):
        looker = load_looker(start, str(accelerator.device)).model
        fill(store, mine, looker, learner.processor, *twins, jobs)
    bad = dict(gather_object(list(store.bad.items())))
    store.bad.update(bad)
    accelerator.wait_for_everyone()
    for key, reason in bad.items():
        accelerator.print(f"left out: {key}: {reason}")
    usable = [item for item in items if sample_key(item) not in bad]
    if not usable:
        raise VQAThinkerError("no training sample could be read")
    return Data(usable, [item for item in held_out if sample_key(item) not in bad], store)


def run_grpo(
    items: Sequence[Item],
    held_out: Sequence[Item],
    run: Path,
    start: str,
    out: Path,
    settings: GrpoSettings,
    *,
    features: Path | None = None,
    jobs: int = 2,
    report: Callable[[str], None] = print,
) -> None:
    """The whole command of the module docstring. Raises VQAThinkerError, ValueError or FloatingPointError."""
    accelerator = make_accelerator(settings)
    with locked(run) if accelerator.is_main_process else nullcontext():
        torch.manual_seed(settings.seed)
        learner, adapters, processor = make_learner(load_start(start), settings, accelerator)
        data = make_data(limited(items, settings.most), held_out, learner, start, features or run / "features", jobs)
        Trainer(learner, data, run, jobs, report).go()
        card = plain_card(out.name, start, data.train, settings)
        save_checkpoint(accelerator, learner.policy, adapters, processor, out, card)
        accelerator.end_training()


def read_data(args: argparse.Namespace) -> tuple[list[Item], list[Item]]:
    """Training and validation samples that the command names."""
    if args.labels:
        items = read_items(args.labels, args.videos)
        held_out = read_items(args.validation_labels, args.videos) if args.validation_labels else []
        return items, held_out
    data, built = args.folders[:2]
    return read_manifest(data, built)


def read_manifest(data: Path, built: Path) -> tuple[list[Item], list[Item]]:
    """Training and validation samples of a built data set; of a group of which some were kept for GRPO, only these."""
    items = read_items(built / "manifest.jsonl", data)
    kept = {item.group for item in items if item.split == "grpo"}
    chosen = [item for item in items if item.split == ("grpo" if item.group in kept else "train")]
    return chosen, [item for item in items if item.split == "val"]


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m training.grpo", description="GRPO from a supervised start.")
    parser.add_argument("folders", type=Path, nargs="+", help="DATA_DIR BUILT_DIR RUN_DIR, or RUN_DIR with --labels")
    parser.add_argument("--labels", type=Path, help="training labels, such as the official LSVQ JSONL")
    parser.add_argument("--validation-labels", type=Path, help="validation labels")
    parser.add_argument("--videos", type=Path, help="folder of the videos that the labels name")
    parser.add_argument("--config", type=Path, default=Path("training/configs/tiny_grpo.yaml"), help="settings")
    # torchrun takes --start for its own --start-method, so it has a second name.
    parser.add_argument(
        "--start", "--start-from", default="tiny", help="bundled name, folder (official layout or ours) or hub id"
    )
    parser.add_argument("--out", type=Path, required=True, help="the checkpoint")
    parser.add_argument("--features", type=Path, help="folder of features that several runs share")
    parser.add_argument("--seed", type=int, help="instead of the configuration's")
    parser.add_argument("--trackio", metavar="PROJECT", help="follow the run in trackio (pip install trackio), too")
    parser.add_argument("--drop-reward", choices=REWARDS, help="leave one reward out")
    parser.add_argument("--jobs", type=int, default=2, help="decoders at a time")
    args = parser.parse_args(argv)
    wanted = 1 if args.labels else 3
    if len(args.folders) != wanted:
        parser.error("expected RUN_DIR with --labels" if args.labels else "expected DATA_DIR BUILT_DIR RUN_DIR")
    if args.labels and not args.videos:
        parser.error("--labels needs --videos")
    return args


def main(argv: Sequence[str] | None = None) -> int:
    args = arguments(argv)
    try:
        settings = load_grpo_settings(args.config)
        settings = settings if args.seed is None else replace(settings, seed=args.seed)
        settings = settings.without(args.drop_reward) if args.drop_reward else settings
        settings = replace(settings, trackio=args.trackio) if args.trackio else settings
        items, held_out = read_data(args)
        run_grpo(
            items,
            held_out,
            args.folders[-1],
            args.start,
            args.out,
            settings,
            features=args.features,
            jobs=args.jobs,
        )
    except ERRORS as error:
        print(f"training.grpo: {sentence(error)}", file=sys.stderr)
        return 1
    return 0
