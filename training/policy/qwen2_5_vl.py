"""A scorer on Qwen2.5-VL as a policy.

Its pictures have any size, so every prompt has a length and positions of its own: videos stay apart, in lists, and go
through the model one after the other. Its tower stays as it is; adapters in the language model learn.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import torch
from transformers import DynamicCache, Qwen2_5_VLForConditionalGeneration

from vqathinker.model.generation import Prompt
from vqathinker.video import Clip, load_clip

from .clips import Twin
from .features import DecodedClips
from .policy import Inputs, Policy, checkpointed, packed_mask


class QwenPolicy(Policy):
    """Inputs of B videos, as lists of tensors: `input_ids` (1, L), `position_ids` (3, 1, L), and `pixel_values` with
    `image_grid_thw`, or `pictures` (tokens, H), which the tower made of them."""

    def __init__(
        self, model: Qwen2_5_VLForConditionalGeneration, temperature: float = 1.0, checkpointing: bool = False
    ):
        super().__init__(model, (), temperature, checkpointing)

    @torch.no_grad()
    def see(self, inputs: Inputs, **_) -> Inputs:
        """Pixels replaced by what the tower makes of them."""
        if "pixel_values" not in inputs:
            return inputs
        look, shown = (
            self.model.model.get_image_features,
            zip(inputs["pixel_values"], inputs["image_grid_thw"], strict=True),
        )
        pictures = [torch.cat(look(pixels, grid).pooler_output) for pixels, grid in shown]
        return {"input_ids": inputs["input_ids"], "position_ids": inputs["position_ids"], "pictures": pictures}

    @torch.no_grad()
    def prompts(self, inputs: Inputs, at_once: int) -> Iterator[Prompt]:
        """The prefilled prompts about B videos, one by one."""
        for ids, positions, pictures in self._apart(inputs):
            cache = DynamicCache(config=self.model.config.get_text_config())
            embeds, before = self._embeds(ids[:, :-1], pictures), positions[..., :-1]
            self.model.model(inputs_embeds=embeds, position_ids=before, past_key_values=cache, use_cache=True)
            yield Prompt(ids, cache, int(positions[0, 0, -1]) - (ids.shape[1] - 1))

    def frozen(self) -> QwenPolicy:
        return QwenPolicy(copy.deepcopy(self.model).requires_grad_(False), self.temperature)

    def forward(self, inputs: Inputs, answers: torch.Tensor) -> torch.Tensor:
        with checkpointed(self.model) if self.checkpointing and torch.is_grad_enabled() else nullcontext():
            videos = zip(self._apart(inputs), answers, strict=True)
            return torch.stack([self._one(*video, rows) for video, rows in videos])

    def _one(
        self, ids: torch.Tensor, positions: torch.Tensor, pictures: torch.Tensor, answers: torch.Tensor
    ) -> torch.Tensor:
        """Log-probabilities (G, T) of the answers about one video."""
        (group, length), prefix = answers.shape, ids.shape[1] - 1
        written = torch.cat([ids[0, -1].expand(group, 1), answers[:, :-1]], dim=1).flatten()[None]
        behind = (positions[0, 0, -1] + torch.arange(length, device=ids.device)).repeat(group)
        before = self._embeds(ids[:, :-1], pictures)
        logits = self.model(
            inputs_embeds=torch.cat([before, self.model.get_input_embeddings()(written)], dim=1),
            position_ids=torch.cat([positions[..., :-1], behind.expand(3, 1, -1)], dim=-1),
            attention_mask=packed_mask(prefix, group, length, before.dtype, ids.device),
            use_cache=False,
            logits_to_keep=group * length,
        ).logits[0]
        return self.logps(logits.unflatten(0, (group, length)), answers)

    def _embeds(self, ids: torch.Tensor, pictures: torch.Tensor) -> torch.Tensor:
        """Embeddings (1, L, H) of a prompt, its pictures in the places of their placeholders."""
        embeds = self.model.get_input_embeddings()(ids)
        places = (ids == self.model.config.image_token_id)[..., None]
        return embeds.masked_scatter(places, pictures.to(embeds.dtype))

    def _apart(self, inputs: Inputs) -> Iterator[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
        """Token ids, positions and pictures of each video."""
        seen = self.see(inputs)
        return zip(seen["input_ids"], seen["position_ids"], seen["pictures"], strict=True)


class Pictures(DecodedClips):
    """Clips for such a scorer, decoded whenever they are asked for."""

    def _read(self, path: Path, twins: list[Twin]) -> list[Inputs]:
        clip = load_clip(path, self.processor.video_spec)
        moves = not clip.info.is_still and clip.info.num_frames > 1
        twins = [load_clip(path, self.processor.video_spec, timeline=twin.timeline) for twin in twins if moves]
        return [self._asked(shown) for shown in (clip, *twins)]

    def _asked(self, clip: Clip) -> Inputs:
        inputs = dict(self.processor(clip))
        del inputs["attention_mask"]
        return inputs
