"""The released way to a GRPO step, in this code base: rows are replicated, nothing is shared. For grpo_speed.py."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch
from transformers import LogitsProcessorList

from training.data.datasets import Item
from training.grpo.step import Learner
from training.policy.features import part
from training.policy.policy import Inputs, video_features
from training.policy.rollouts import Rollouts, answer_seeds, end_token, pack, video_seed
from vqathinker.model.generation import GumbelNoise, prefill, write
from vqathinker.rewards import advantages, score_with_twins
from vqathinker.rewards.loss import grpo_loss


def timed(action: Callable, *args, **kwargs) -> tuple[float, object]:
    """Seconds of a call, and what it returned."""
    start = time.perf_counter()
    result = action(*args, **kwargs)
    return time.perf_counter() - start, result


def replicated(inputs: Inputs, group: int) -> Inputs:
    return {name: tensor.repeat_interleave(group, 0) for name, tensor in inputs.items()}


def write_encoding_each(learner: Learner, clips: Inputs, seeds: list[int]) -> Rollouts:
    """One answer after the other, each from pixels."""
    settings, model, end = learner.settings, learner.bare.model, end_token(learner.processor)
    prompt_ids, groups = torch.tensor([learner.bare.prompt]), []
    for video in range(len(clips["clip_facts"])):
        group = []
        for seed in seeds[video * settings.num_generations : (video + 1) * settings.num_generations]:
            inputs = {"input_ids": prompt_ids, **part(clips, video, video + 1)}
            prompt = prefill(model, inputs)
            group += write(model, prompt, seeds=[seed], max_new_tokens=settings.max_completion_length, eos_token_id=end)
        groups.append(group)
    return pack(groups, settings.max_completion_length, end, learner.processor.tokenizer.batch_decode)


def write_replicated(learner: Learner, clips: Inputs, seeds: list[int]) -> Rollouts:
    """All answers in one batch of rows, each with the pixels and the prompt of its own: the released way to generate.

    transformers' generate draws row by row with the noise of `write`, so the texts are the same as ours.
    """
    settings, model, end = learner.settings, learner.bare.model, end_token(learner.processor)
    rows = replicated(clips, settings.num_generations)
    ids = torch.tensor([learner.bare.prompt]).expand(len(seeds), -1)
    prompt = prefill(model, {"input_ids": ids, **rows})
    with torch.inference_mode():
        output = model.generate(
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            past_key_values=prompt.cache,
            max_new_tokens=settings.max_completion_length,
            do_sample=False,
            suppress_tokens=[model.config.image_token_id],
            eos_token_id=end,
            pad_token_id=end,
            logits_processor=LogitsProcessorList([GumbelNoise(seeds, settings.temperature, ids.device)]),
        )[:, ids.shape[1] :].tolist()
    written = [row[: row.index(end)] if end in row else row for row in output]
    size = settings.num_generations
    groups = [written[start : start + size] for start in range(0, len(written), size)]
    return pack(groups, settings.max_completion_length, end, learner.processor.tokenizer.batch_decode)


def plain_logps(model, prompt: list[int], rows: Inputs, answers: torch.Tensor, whole: bool) -> torch.Tensor:
    """Log-probabilities (N, T) of answers (N, T), a row each; `whole` computes logits at every position."""
    ids = torch.cat([torch.tensor([prompt]).expand(len(answers), -1), answers], dim=1)
    length = answers.shape[1]
    features = video_features(model, rows)
    logits = model(input_ids=ids, video_features=features, logits_to_keep=0 if whole else length + 1).logits
    logits = logits[:, -length - 1 : -1].float()
    placeholder = torch.tensor([model.config.image_token_id])
    logits = logits.index_fill(-1, placeholder, torch.finfo(torch.float32).min)
    return logits.gather(-1, answers[..., None])[..., 0] - logits.logsumexp(-1)


def rewards_of(learner: Learner, rollouts: Rollouts, twins: Rollouts, items: list[Item]) -> torch.Tensor:
    mos = [item.mos for item in items]
    return advantages(score_with_twins(rollouts.texts, twins.texts, mos, learner.settings.reward).table.total)


def seeds_of(learner: Learner, videos: int, kind: int) -> list[int]:
    return answer_seeds([video_seed(0, kind, 0, k) for k in range(videos)], learner.settings.num_generations)


def released_step(learner: Learner, clips: Inputs, twins: Inputs, items: list[Item]) -> dict:
    """The same step as `grpo_speed.our_step` with replicated rows; the docstring there says how."""
    settings, model, seconds = learner.settings, learner.bare.model, {"reference": 0.0, "update": 0.0}
    seconds["answers"], rollouts = timed(write_replicated, learner, clips, seeds_of(learner, len(items), 31))
    seconds["answers about twins"], told = timed(write_replicated, learner, twins, seeds_of(learner, len(items), 32))
    seconds["rewards"], advantage = timed(rewards_of, learner, rollouts, told, items)
    total = 0.0
    for start in range(0, len(items), settings.micro_batch):
        chosen = slice(start, start + settings.micro_batch)
        rows = replicated(part(clips, chosen.start, chosen.stop), settings.num_generations)
        answers, mask = rollouts.ids[chosen].flatten(0, 1), rollouts.mask[chosen].flatten(0, 1)
        with torch.no_grad():
            frozen = learner.reference.policy.model
            spent, reference = timed(plain_logps, frozen, learner.bare.prompt, rows, answers, whole=True)
        seconds["reference"] += spent
        spent, loss = timed(learn, learner, rows, answers, mask, advantage[chosen].flatten(), reference, len(advantage))
        seconds["update"] += spent
        total += float(loss)
    spent, norm = timed(finish, learner, model)
    seconds["update"] += spent
    return {"seconds": seconds, "loss": total, "norm": float(norm), "texts": rollouts.texts}


def learn(learner: Learner, rows: Inputs, answers, mask, advantage, reference, videos: int) -> torch.Tensor:
    """Gradients of one micro batch."""
    settings = learner.settings
    logps = plain_logps(learner.bare.model, learner.bare.prompt, rows, answers, whole=False)
    size = float(videos * settings.num_generations)
    loss, _ = grpo_loss(logps, logps.detach(), reference, advantage, mask, settings.beta, size=size)
    loss.backward()
    return loss.detach()


def finish(learner: Learner, model) -> torch.Tensor:
    norm = torch.nn.utils.clip_grad_norm_(model.parameters(), learner.settings.max_grad_norm)
    learner.optimizer.step()
    learner.optimizer.zero_grad()
    return norm
