"""VQAThinker as a native transformers model: InternVL plus a motion token that is computed inside the model."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn
from transformers import AutoModel, AutoModelForImageTextToText
from transformers.modeling_outputs import BaseModelOutputWithPast, CausalLMOutputWithPast
from transformers.models.internvl.modeling_internvl import (
    InternVLForConditionalGeneration,
    InternVLModel,
    InternVLPreTrainedModel,
    InternVLVisionModel,
)

from . import burst_motion, efficientnet_lite, slowfast  # noqa: F401  (registers its parts with AutoModel)
from .cache_name import CACHE, with_cache_name
from .color import ColorProjector, color_moments
from .configuration import COLOR_SIZE, EfficientNetLiteConfig, VQAThinkerConfig

FEW = {"cpu": 1, "cuda": 4}
FEW_OF_SMALL = {"cpu": 2, "cuda": 32}
"""Frames that go through a tower at a time, a large one and that of the tiny model. On a CPU more are no faster
(tests/benchmarks/vision_memory.py): their maps do not stay in its caches."""


@dataclass(frozen=True)
class Encoded:
    """What a model makes of B videos: `features` (B, V, H), all that the language model sees, the motion token last,
    and `overview` (B, D), the first token of the tower, averaged over frames: in a pyramid of grids that begins with 1,
    as tiny's, what the tower says of whole pictures."""

    features: torch.Tensor
    overview: torch.Tensor


class MotionProjector(nn.Module):
    """Motion feature (B, M) -> one token (B, 1, H): LayerNorm, Linear, GELU, Linear (official motion_mlp)."""

    def __init__(self, motion_size: int, hidden_size: int):
        super().__init__()
        self.layer_norm = nn.LayerNorm(motion_size)
        self.linear_1 = nn.Linear(motion_size, hidden_size)
        self.linear_2 = nn.Linear(hidden_size, hidden_size)

    def forward(self, motion: torch.Tensor) -> torch.Tensor:
        return self.linear_2(nn.functional.gelu(self.linear_1(self.layer_norm(motion)))).unsqueeze(1)


class VQAThinkerModel(InternVLModel):
    """Vision tower, motion encoder, their projectors and the language model, without the head."""

    config_class = VQAThinkerConfig

    def __init__(self, config: VQAThinkerConfig):
        super().__init__(config)
        self.motion_encoder = AutoModel.from_config(config.motion_config)
        self.motion_projector = MotionProjector(config.motion_config.hidden_size, config.text_config.hidden_size)
        self.color_projector = ColorProjector(config.text_config.hidden_size) if config.color else None
        self.post_init()

    @property
    def frames_at_once(self) -> int:
        """How many frames go through the tower at a time where nothing is learned: memory grows with them alone."""
        small = self.config.vision_config.model_type == EfficientNetLiteConfig.model_type
        return self.config.frames_at_once or (FEW_OF_SMALL if small else FEW).get(self.device.type, 4)

    def vision_tokens(self, pixel_values: torch.Tensor) -> torch.Tensor:
        """Frames (B, F, 3, S, S), normalised -> tower tokens (B, F, tokens, D), before the projector; with
        `config.color` their last COLOR_SIZE features are moments of color."""
        return self._by_few(pixel_values, self._look_at)

    def _by_few(self, pixel_values: torch.Tensor, look: Callable[[torch.Tensor], torch.Tensor]) -> torch.Tensor:
        """Frames (B, F, …) -> what `look` makes of pictures (N, …), (B, F, …), a few pictures at a time. Frames that
        are all the same, as those of a still picture, are looked at once."""
        first, frames = pixel_values[:, :1], pixel_values.shape[1]
        if frames > 1 and torch.equal(pixel_values, first.expand_as(pixel_values)):
            return self._by_few(first, look).expand(-1, frames, -1, -1)
        pictures, few = pixel_values.flatten(0, 1), self.frames_at_once
        if torch.is_grad_enabled() or len(pictures) <= few:
            return look(pictures).unflatten(0, pixel_values.shape[:2])
        seen = None
        for start in range(0, len(pictures), few):
            some = look(pictures[start : start + few])
            seen = some.new_empty(len(pictures), *some.shape[1:]) if seen is None else seen
            seen[start : start + few] = some
        return seen.unflatten(0, pixel_values.shape[:2])

    def _look_at(self, pictures: torch.Tensor) -> torch.Tensor:
        """Pictures (N, 3, S, S) -> tower tokens (N, tokens, D)."""
        tokens = self.vision_tower(pixel_values=pictures.to(self.dtype)).last_hidden_state
        if isinstance(self.vision_tower, InternVLVisionModel):
            tokens = self.join_patches(tokens[:, 1:])
        if self.color_projector is not None:
            moments = color_moments(pictures, self.config.vision_config.grids)
            tokens = torch.cat([tokens, moments.to(tokens.dtype)], dim=-1)
        return tokens

    def join_patches(self, patches: torch.Tensor) -> torch.Tensor:
        """Square grids of patches (B, n*n, D) -> one token for each 2x2 of them (B, n*n/4, 4D), at ratio 0.5."""
        side = math.isqrt(patches.shape[1])
        grid = patches.unflatten(1, (side, side))
        return self.pixel_shuffle(grid, scale_factor=self.config.downsample_ratio).flatten(1, 2)

    def project(self, vision_tokens: torch.Tensor, motion_feature: torch.Tensor) -> torch.Tensor:
        """Tower tokens (B, F, tokens, D) and motion feature (B, M) -> video features (B, F*tokens + 1, H)."""
        return self._with_motion(self._project(vision_tokens), motion_feature)

    def _project(self, tokens: torch.Tensor) -> torch.Tensor:
        """Tower tokens (…, D) -> what the language model sees of them (…, H)."""
        added = 0.0
        if self.color_projector is not None:
            tokens, moments = tokens.split([tokens.shape[-1] - COLOR_SIZE, COLOR_SIZE], dim=-1)
            added = self.color_projector(moments)
        return self.multi_modal_projector(tokens) + added

    def _with_motion(self, frames: torch.Tensor, motion_feature: torch.Tensor) -> torch.Tensor:
        return torch.cat([frames.flatten(1, 2), self.motion_projector(motion_feature)], dim=1)

    def encode_video(
        self,
        pixel_values: torch.Tensor,
        motion_values: torch.Tensor | None = None,
        clip_facts: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """`features` of `encode` alone."""
        return self.encode(pixel_values, motion_values, clip_facts).features

    def encode(
        self,
        pixel_values: torch.Tensor,
        motion_values: torch.Tensor | None = None,
        clip_facts: torch.Tensor | None = None,
    ) -> Encoded:
        """All that the language model sees of B videos, and what the tower says of their pictures as a whole.

        Raises ValueError when something is not given that the motion encoder takes.
        """
        given = {"pixel_values": pixel_values, "motion_values": motion_values, "clip_facts": clip_facts}
        motion = self.motion_encoder({name: tensor for name, tensor in given.items() if tensor is not None})
        wholes = []

        def look(pictures: torch.Tensor) -> torch.Tensor:
            tokens = self._look_at(pictures)
            wholes.append(tokens[:, 0].clone())  # a view would keep all tokens
            return self._project(tokens)

        frames = self._by_few(pixel_values, look)
        overview = torch.cat(wholes).unflatten(0, (len(pixel_values), -1)).mean(1)
        return Encoded(self._with_motion(frames, motion), overview)

    def merge(self, input_ids: torch.Tensor, video_features: torch.Tensor) -> torch.Tensor:
        """Write video features (B, V, H) over the image placeholders of token ids (B, L), row by row.

        Raises ValueError when a row does not have exactly V placeholders (the official forward prints and goes on).
        """
        embeds = self.get_input_embeddings()(input_ids)
        mask = input_ids == self.config.image_token_id
        counts = mask.sum(1).tolist()
        if len(video_features) != len(input_ids) or set(counts) != {video_features.shape[1]}:
            raise ValueError(
                f"the prompts hold {counts} image placeholders, "
                f"the video features are {len(video_features)} x {video_features.shape[1]}"
            )
        return embeds.masked_scatter(mask.unsqueeze(-1), video_features.to(embeds.dtype))

    def forward(
        self,
        input_ids: torch.Tensor | None = None,
        pixel_values: torch.Tensor | None = None,
        motion_values: torch.Tensor | None = None,
        clip_facts: torch.Tensor | None = None,
        video_features: torch.Tensor | None = None,
        inputs_embeds: torch.Tensor | None = None,
        **kwargs,
    ) -> BaseModelOutputWithPast:
        if pixel_values is not None:
            video_features = self.encode_video(pixel_values, motion_values, clip_facts)
        if video_features is not None:
            inputs_embeds = self.merge(input_ids, video_features)
        elif inputs_embeds is None:
            inputs_embeds = self.get_input_embeddings()(input_ids)
        return self.language_model(inputs_embeds=inputs_embeds, **with_cache_name(kwargs))


class VQAThinkerForConditionalGeneration(InternVLForConditionalGeneration):
    """VQAThinker: watches a video, reasons in words, writes a score.

    `forward` takes token ids (B, L) with `config.video_seq_length` image placeholders in every row and either the
    tensors of `VQAThinkerProcessor` (pixel_values; for tiny also motion_values and clip_facts) or `video_features`
    (B, V, H) that `model.encode_video` made of them before.
    """

    config_class = VQAThinkerConfig

    def __init__(self, config: VQAThinkerConfig):
        InternVLPreTrainedModel.__init__(self, config)
        self.model = VQAThinkerModel(config)
        self.lm_head = nn.Linear(config.text_config.hidden_size, config.text_config.vocab_size, bias=False)
        self.post_init()

    def forward(
        self,
        input_ids: torch.Tensor | None = None,
        pixel_values: torch.Tensor | None = None,
        motion_values: torch.Tensor | None = None,
        clip_facts: torch.Tensor | None = None,
        labels: torch.Tensor | None = None,
        logits_to_keep: int | torch.Tensor = 0,
        **kwargs,
    ) -> CausalLMOutputWithPast:
        video = {"pixel_values": pixel_values, "motion_values": motion_values, "clip_facts": clip_facts}
        outputs = self.model(input_ids=input_ids, **video, **kwargs)
        keep = slice(-logits_to_keep, None) if isinstance(logits_to_keep, int) else logits_to_keep
        logits = self.lm_head(outputs.last_hidden_state[:, keep])
        loss = None
        if labels is not None:
            loss = self.loss_function(logits=logits, labels=labels, vocab_size=self.config.text_config.vocab_size)
        return CausalLMOutputWithPast(
            loss=loss,
            logits=logits,
            hidden_states=outputs.hidden_states,
            attentions=outputs.attentions,
            **{CACHE: getattr(outputs, CACHE)},
        )


AutoModel.register(VQAThinkerConfig, VQAThinkerModel, exist_ok=True)
AutoModelForImageTextToText.register(VQAThinkerConfig, VQAThinkerForConditionalGeneration, exist_ok=True)
