"""What a run of GRPO is made of: accelerate, policy, reference and optimiser; its samples and where their clips come
from."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
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
from torch import nn
from torch.distributed.fsdp import MixedPrecisionPolicy

from vqathinker.errors import VQAThinkerError
from vqathinker.model.loading import LoadedModel

from ..common.start import load_looker
from ..data.datasets import Item, read_items
from ..policy.clips import sample_key
from ..policy.families import LEARNS, clips_for, is_ours, policy_of
from ..policy.features import StoredClips, features_hash, fill
from ..policy.policy import ReferencePolicy, add_adapters, choose_trained, frozen_parts
from .config import GrpoSettings
from .samples import Data
from .step import Learner
from .validate import evenly

PROCESS_TIMEOUT = timedelta(hours=6)
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
        kwargs_handlers=[InitProcessGroupKwargs(timeout=PROCESS_TIMEOUT)],
    )
    if accelerator.distributed_type == DistributedType.FSDP and settings.bf16:
        precise = MixedPrecisionPolicy(param_dtype=torch.bfloat16, reduce_dtype=torch.float32)
        accelerator.state.fsdp_plugin.mixed_precision_policy = precise
    if accelerator.distributed_type == DistributedType.DEEPSPEED:
        config = accelerator.state.deepspeed_plugin.deepspeed_config
        config |= {
            "train_micro_batch_size_per_gpu": settings.micro_batch,
            "gradient_accumulation_steps": micro,
            "train_batch_size": settings.videos_per_step,
            "gradient_clipping": settings.max_grad_norm,
        }
    return accelerator


def make_learner(loaded: LoadedModel, settings: GrpoSettings, accelerator: Accelerator) -> tuple[Learner, object]:
    """Model, reference and optimiser of a run from what it starts from; the second value is the peft model, or None.

    What marks the start and what it sees is taken before an engine divides the weights.
    """
    settings = settings_for_start(settings, loaded)
    model, processor = loaded.model, loaded.processor
    policy = policy_of(loaded, settings.temperature, settings.gradient_checkpointing)
    adapters = add_adapters(model, settings.train, settings.lora) if settings.lora else None
    trained = [p for p in model.parameters() if p.requires_grad] if adapters else choose_trained(model, settings.train)
    policy.to(accelerator.device)
    start_mark = weights_digest(policy)
    frozen = frozen_parts(model) if is_ours(processor) else {}
    keeps = settings.cache and frozen and all(frozen.values())
    kept = features_hash(model, processor, settings.twins, settings.twin_seed) if keeps else {}
    reference = ReferencePolicy(policy, adapters) if settings.beta else None
    groups = [
        {"params": [p for p in trained if p.ndim > 1], "weight_decay": settings.weight_decay},
        {"params": [p for p in trained if p.ndim <= 1], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(
        [group for group in groups if group["params"]], lr=settings.learning_rate, betas=(0.9, 0.98)
    )
    policy, optimizer = accelerator.prepare(policy, optimizer)
    learner = Learner(accelerator, policy, reference, optimizer, processor, settings, frozen, start_mark, kept)
    return learner, adapters


def settings_for_start(settings: GrpoSettings, loaded: LoadedModel) -> GrpoSettings:
    """The settings of a run from this start. Of other families only the language model learns, by adapters, and nothing
    is stored. Raises VQAThinkerError for settings that ask for more."""
    if is_ours(loaded.processor):
        return settings
    parts = [name.removeprefix("model.").split(".")[0] for name in settings.train]
    if settings.lora is None or set(parts) != {LEARNS}:
        raise VQAThinkerError(
            f"of {loaded.scorer.title} the language model learns, by adapters: set train to [{LEARNS}] and lora to a "
            "rank and an alpha, as training/configs/qwen2_5_vl_grpo_lora.yaml does"
        )
    return replace(settings, cache=False)


def make_data(
    items: Sequence[Item], held_out: Sequence[Item], learner: Learner, start: str, features: Path, jobs: int
) -> Data:
    """Sources of the clips. With a frozen tower all features are computed here, each process its share of them."""
    settings, accelerator = learner.settings, learner.accelerator
    held_out = evenly(held_out, settings.validation)
    twins = (settings.twins, settings.twin_seed)
    if not learner.features_hash:
        return Data(list(items), held_out, clips_for(learner.processor, *twins))
    store = StoredClips(features, learner.features_hash, learner.processor.frames)
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


def read_splits(data: Path, built: Path) -> tuple[list[Item], list[Item]]:
    """Training and validation samples of a built data set; of a group of which some were kept for GRPO, only these."""
    items = read_items(built / "manifest.jsonl", data)
    kept = {item.group for item in items if item.split == "grpo"}
    chosen = [item for item in items if item.split == ("grpo" if item.group in kept else "train")]
    return chosen, [item for item in items if item.split == "val"]


def lines_digest(lines: list[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def weights_digest(module: nn.Module) -> str:
    """A mark of the weights that a run starts from, by the beginning of every tensor."""
    heads = {key: value.detach().flatten()[:64].float().tolist() for key, value in module.named_parameters()}
    return lines_digest([f"{key} {head}" for key, head in heads.items()])
