"""How far a precision is from the first one measured, on the same tokens of the same videos. For serving_speed.py."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from vqathinker.markdown import markdown_table
from vqathinker.model.generation import Prompt, prefill, write
from vqathinker.model.loading import LoadedModel
from vqathinker.rating.answers import possible_scores
from vqathinker.video import load_clip

STEPS = 32
COLUMNS = ["precision", "correlation of logits", "same next token", "largest difference of expected score"]


@dataclass(frozen=True)
class Trace:
    """Of each video: the tokens that were followed, the logits after each (STEPS, vocabulary), the expected score."""

    tokens: list[list[int]]
    logits: torch.Tensor
    expected: torch.Tensor


@torch.inference_mode()
def trace(loaded: LoadedModel, paths: Sequence[Path], followed: Trace | None) -> Trace:
    """Logits along the greedy answers of this model, or along those of another trace."""
    tokens, logits, expected = [], [], []
    for index, path in enumerate(paths):
        batch = loaded.processor(load_clip(path, loaded.processor.video_spec)).to(loaded.model.device)
        prompt = prefill(loaded.model, batch)
        row = followed.tokens[index] if followed else greedy(loaded, prompt)
        ids, cache = prompt.rows(1)
        tail = torch.tensor([[ids[0, -1].item(), *row[:-1]]], device=ids.device)
        logits.append(loaded.model(input_ids=tail, past_key_values=cache, use_cache=True).logits[0].float().cpu())
        expected.append(possible_scores(loaded, prompt, ["<think>fixed</think>"])[0].expected)
        tokens.append(row)
    return Trace(tokens, torch.stack(logits), torch.tensor(expected))


def greedy(loaded: LoadedModel, prompt: Prompt) -> list[int]:
    """STEPS tokens; the end is set to the last word of the vocabulary, which a random model never writes."""
    never = loaded.model.config.text_config.vocab_size - 1
    return write(loaded.model, prompt, max_new_tokens=STEPS, eos_token_id=never)[0]


def agreement_table(traces: dict[str, Trace]) -> str:
    """Markdown: every precision against the first one."""
    (first, exact), *others = traces.items()
    lines = []
    for name, rough in others:
        pair = torch.stack([exact.logits.flatten(), rough.logits.flatten()])
        same = (exact.logits.argmax(-1) == rough.logits.argmax(-1)).float().mean()
        far = (exact.expected - rough.expected).abs().max()
        lines.append([name, f"{torch.corrcoef(pair)[0, 1]:.5f}", f"{same:.1%}", f"{far:.4f}"])
    return f"Agreement with {first}:\n\n{markdown_table(COLUMNS, lines)}" if lines else ""
