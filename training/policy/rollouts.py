"""Sampled answers about several videos, from one vision pass and one prefill a video."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from vqathinker.model.generation import Prompt, rollout_seeds
from vqathinker.model.modeling import VQAThinkerForConditionalGeneration
from vqathinker.model.processing import VQAThinkerProcessor
from vqathinker.model.write_groups import write_groups


@dataclass(frozen=True)
class Rollouts:
    """G answers about each of B videos.

    texts[B][G]; ids (B, G, T) with the end token where the answer has one, padded with it; lengths (B, G) in tokens,
    end included; cut (B, G): the answer reached the length limit before its end.
    """

    texts: list[list[str]]
    ids: torch.Tensor
    lengths: torch.Tensor
    cut: torch.Tensor

    @property
    def mask(self) -> torch.Tensor:
        """(B, G, T): 1 for the tokens that count in the loss; none of a cut answer does."""
        places = torch.arange(self.ids.shape[-1], device=self.ids.device)
        return ((places < self.lengths[..., None]) & ~self.cut[..., None]).float()


def video_seed(*numbers: int) -> int:
    """One seed out of several numbers, such as the seed of the run, the step, the place of the video."""
    return int(np.random.SeedSequence(numbers).generate_state(1)[0])


def answer_seeds(base: Sequence[int], group: int) -> list[int]:
    """Seeds of `group` answers for each video, given the videos' own."""
    return [seed for video in base for seed in rollout_seeds(video, group)]


def end_token(processor: VQAThinkerProcessor) -> int:
    return processor.tokenizer.convert_tokens_to_ids("<|im_end|>")


def pack(answers: list[list[list[int]]], limit: int, end: int, decode, device: torch.device | str = "cpu") -> Rollouts:
    """Token ids [B][G] without the end token -> Rollouts; an answer of `limit` tokens was cut."""
    cut = torch.tensor([[len(ids) >= limit for ids in group] for group in answers])
    lengths = torch.tensor([[min(len(ids) + 1, limit) for ids in group] for group in answers])
    longest = int(lengths.max())
    ids = torch.tensor([[row + [end] * (longest - len(row)) for row in group] for group in answers])
    texts = [decode(group, skip_special_tokens=True) for group in answers]
    return Rollouts(texts, ids.to(device), lengths.to(device), cut.to(device))


def answers_to(
    model: VQAThinkerForConditionalGeneration,
    processor: VQAThinkerProcessor,
    prompts: Iterable[Prompt],
    seeds: Sequence[int],
    group: int,
    *,
    max_new_tokens: int,
    temperature: float = 1.0,
) -> Rollouts:
    """`group` answers about each of the videos of prefilled prompts; seeds are B * G, video by video."""
    answers, end = [], end_token(processor)
    for prompt in prompts:
        chosen = seeds[len(answers) * group : (len(answers) + len(prompt.input_ids)) * group]
        answers += write_groups(
            model, prompt, chosen, max_new_tokens=max_new_tokens, eos_token_id=end, temperature=temperature
        )
    return pack(answers, max_new_tokens, end, processor.tokenizer.batch_decode, model.device)
