"""The model as a policy: log-probabilities of answers, with gradients, from one prompt that all answers share.

The G answers about a video stand in one row behind its prompt: each sees the prompt and itself only, and counts its
positions from the end of the prompt. So a video's prompt goes through the language model once, not G times, in one
ordinary forward call, which is what DDP, FSDP, DeepSpeed and gradient checkpointing know how to handle.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext

import torch
from torch import nn
from transformers.modeling_layers import GradientCheckpointingLayer

from vqathinker.model.generation import Prompt, prefill
from vqathinker.model.modeling import VQAThinkerForConditionalGeneration

from .lora import LoraSettings

Inputs = dict[str, torch.Tensor]
"""What is known of B videos: `pixel_values`, or the `vision_tokens` (B, F, tokens, D) that a frozen tower made of them;
what the motion encoder takes, or what its frozen part made of that (vqathinker/model/motion.py)."""


def see(
    model: VQAThinkerForConditionalGeneration, inputs: Inputs, *, tower: bool = True, motion: bool = True
) -> Inputs:
    """Replace pixels by the tokens of the tower, and motion input by what the frozen part of the encoder makes of it.

    `tower` and `motion` say which of the two is done; the other stays as it is, to be computed with gradients.
    """
    body, seen = model.model, dict(inputs)
    takes, keeps = ({*names} for names in (body.motion_encoder.takes, body.motion_encoder.keeps))
    if motion and takes <= seen.keys():
        seen |= body.motion_encoder.frozen(seen)
    if tower and "pixel_values" in seen:
        seen["vision_tokens"] = body.vision_tokens(seen["pixel_values"])
    wanted = keeps if keeps <= seen.keys() else takes
    wanted |= {"vision_tokens"} if "vision_tokens" in seen else {"pixel_values"}
    return {name: tensor for name, tensor in seen.items() if name in wanted}


def video_features(model: VQAThinkerForConditionalGeneration, inputs: Inputs) -> torch.Tensor:
    """What the language model sees of B videos, (B, V, H), with gradients to all parts that come after `inputs`."""
    body = model.model
    tokens = inputs["vision_tokens"] if "vision_tokens" in inputs else body.vision_tokens(inputs["pixel_values"])
    return body.project(tokens.to(body.dtype), body.motion_encoder(inputs))


def packed_mask(prefix: int, group: int, length: int, dtype: torch.dtype, device: torch.device) -> torch.Tensor:
    """Additive attention mask (1, 1, S, S), S = prefix + group * length, of answers behind one shared prompt."""
    causal = torch.ones(prefix, prefix, dtype=torch.bool, device=device).tril()
    own = torch.ones(length, length, dtype=torch.bool, device=device).tril()
    answers = torch.block_diag(*[own] * group).bool()
    top = torch.cat([causal, causal.new_zeros(prefix, group * length)], dim=1)
    bottom = torch.cat([causal.new_ones(group * length, prefix), answers], dim=1)
    seen = torch.cat([top, bottom])
    return torch.zeros(seen.shape, dtype=dtype, device=device).masked_fill(~seen, torch.finfo(dtype).min)[None, None]


class Policy(nn.Module):
    """Inputs of B videos and their answers (B, G, T) -> log-probability of every token (B, G, T), float32.

    prompt: token ids (L,) of the question, the same for every video. Dropout is off: the ratio of two policies would
    measure its noise. The placeholder token, which is never sampled, is left out of the distribution.
    """

    def __init__(
        self,
        model: VQAThinkerForConditionalGeneration,
        prompt: Sequence[int],
        temperature: float = 1.0,
        checkpointing: bool = False,
    ):
        super().__init__()
        self.model, self.prompt, self.temperature = model.eval(), list(prompt), temperature
        self.checkpointing = checkpointing
        if checkpointing:
            model.activation_checkpointing_enable({"use_reentrant": False})

    def train(self, mode: bool = True) -> Policy:
        """Stays in eval mode, whatever a trainer asks for."""
        return super().train(False)

    def see(self, inputs: Inputs, *, tower: bool = True, motion: bool = True) -> Inputs:
        """`see` of this model."""
        return see(self.model, inputs, tower=tower, motion=motion)

    def prompts(self, inputs: Inputs, at_once: int) -> Iterator[Prompt]:
        """The prefilled prompts about B videos, at most `at_once` of them in one, in their order."""
        features = video_features(self.model, self.see(inputs))
        ids = torch.tensor([self.prompt], device=features.device)
        for some in features.split(at_once):
            yield prefill(self.model, {"input_ids": ids.expand(len(some), -1), "video_features": some})

    def frozen(self) -> Policy:
        """A copy that does not learn."""
        return Policy(copy.deepcopy(self.model).requires_grad_(False), self.prompt, self.temperature)

    def forward(self, inputs: Inputs, answers: torch.Tensor) -> torch.Tensor:
        videos, group, length = answers.shape
        prompt = torch.tensor(self.prompt, device=answers.device)
        starts = prompt[-1].expand(videos, group, 1)
        written = torch.cat([starts, answers[..., :-1]], dim=-1).flatten(1)
        prefix = len(prompt) - 1
        positions = torch.arange(prefix, prefix + length, device=answers.device).repeat(group)
        positions = torch.cat([torch.arange(prefix, device=answers.device), positions])
        with checkpointed(self.model) if self.checkpointing and torch.is_grad_enabled() else nullcontext():
            logits = self.model(
                input_ids=torch.cat([prompt[:-1].expand(videos, -1), written], dim=1),
                video_features=video_features(self.model, inputs),
                position_ids=positions[None].expand(videos, -1),
                attention_mask=packed_mask(prefix, group, length, self.model.dtype, answers.device),
                use_cache=False,
                logits_to_keep=group * length,
            ).logits.unflatten(1, (group, length))
        return self.logps(logits, answers)

    def logps(self, logits: torch.Tensor, answers: torch.Tensor) -> torch.Tensor:
        """Logits (…, T, V) before each token, and the tokens (…, T) -> their log-probabilities (…, T), float32."""
        logits = logits.float() / self.temperature
        placeholder = torch.tensor([self.model.config.image_token_id], device=logits.device)
        logits = logits.index_fill(-1, placeholder, torch.finfo(torch.float32).min)
        chosen = logits.gather(-1, answers[..., None])[..., 0]
        return chosen - logits.logsumexp(-1)


@contextmanager
def checkpointed(model: nn.Module) -> Iterator[None]:
    """Layers recompute themselves in the backward pass. They do so only in training mode, their parts stay in eval."""
    layers = [module for module in model.modules() if isinstance(module, GradientCheckpointingLayer)]
    for layer in layers:
        layer.training = True
    try:
        yield
    finally:
        for layer in layers:
            layer.training = False


def module_named(model: VQAThinkerForConditionalGeneration, name: str) -> nn.Module:
    """The module of that name, with or without the leading "model.". Raises ValueError."""
    modules = dict(model.named_modules())
    for path in (f"model.{name}", name):
        if name and path in modules:
            return modules[path]
    known = ", ".join(key for key, _ in model.model.named_children())
    raise ValueError(f"train: the model has no part {name!r}; its parts are {known}, lm_head and what is inside them")


def choose_trained(model: VQAThinkerForConditionalGeneration, names: Sequence[str]) -> list[nn.Parameter]:
    """Freeze everything but the named parts; the parameters that are left to train. Raises ValueError."""
    model.requires_grad_(False)
    for name in names:
        module_named(model, name).requires_grad_(True)
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    if not trained:
        raise ValueError("train: nothing would be trained")
    return trained


def frozen_parts(model: VQAThinkerForConditionalGeneration) -> dict[str, bool]:
    """Whether the tower, and the frozen part of the motion encoder, are trained nowhere, as `see` takes it."""
    motion = [module for _, module in model.model.motion_encoder.frozen_modules()]
    parts = {"tower": [model.model.vision_tower], "motion": motion}
    return {
        name: not any(parameter.requires_grad for module in modules for parameter in module.parameters())
        for name, modules in parts.items()
    }


def add_adapters(model: VQAThinkerForConditionalGeneration, names: Sequence[str], lora: LoraSettings):
    """Put LoRA adapters into the linear layers of the named parts, in place; everything else is frozen.

    Returns the peft model around it, which can turn the adapters off and merge them.
    """
    from peft import LoraConfig, get_peft_model

    inside = {id(module) for name in names for module in module_named(model, name).modules()}
    targets = [key for key, module in model.named_modules() if id(module) in inside and isinstance(module, nn.Linear)]
    if not targets:
        raise ValueError(f"lora: no linear layer in {', '.join(names)}")
    config = LoraConfig(r=lora.rank, lora_alpha=lora.alpha, lora_dropout=0.0, target_modules=targets)
    return get_peft_model(model, config)


class ReferencePolicy:
    """The policy as it was at the start: a frozen copy, or the policy with its adapters turned off."""

    def __init__(self, policy: Policy, adapters=None):
        self.policy, self.adapters = policy, adapters
        if adapters is None:
            self.policy = policy.frozen()

    @torch.no_grad()
    def __call__(self, inputs: Inputs, answers: torch.Tensor) -> torch.Tensor:
        with nullcontext() if self.adapters is None else self.adapters.disable_adapter():
            return self.policy(inputs, answers)
