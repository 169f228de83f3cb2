"""A start in small that already writes answers, labels for a few clips, and settings of short runs."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
from accelerate import Accelerator
from safetensors.torch import load_file

from tests.model.tiny_models import make_model, make_processor
from training.common.start import load_start
from training.data.datasets import official_row
from training.grpo.config import GrpoSettings
from training.grpo.setup import make_learner
from training.grpo.step import Batch, Learner
from training.policy.policy import Inputs
from vqathinker.model.modeling import VQAThinkerForConditionalGeneration
from vqathinker.model.processing import VQAThinkerProcessor

LENGTH = 16
TEACH_STEPS = 60


def answer_text(score: float) -> str:
    return f"<think>a</think><answer>{score:.2f}</answer>"


def teach(model: VQAThinkerForConditionalGeneration, processor: VQAThinkerProcessor) -> None:
    """Supervised steps, in place, until the model writes well-formed answers with scores from all over the scale."""
    rng, tokenizer = np.random.default_rng(0), processor.tokenizer
    prompt = tokenizer(processor.prompt_text())["input_ids"]
    optimizer = torch.optim.AdamW(model.model.language_model.parameters(), 3e-3)
    for _ in range(TEACH_STEPS):
        texts = [answer_text(score) for score in rng.uniform(1, 5, 16)]
        answers = torch.tensor([ids + [tokenizer.eos_token_id] for ids in tokenizer(texts)["input_ids"]])
        features = torch.randn(len(texts), model.config.video_seq_length, model.config.text_config.hidden_size)
        ids = torch.cat([torch.tensor(prompt).expand(len(texts), -1), answers], dim=1)
        logits = model(input_ids=ids, video_features=features, logits_to_keep=answers.shape[1] + 1).logits[:, :-1]
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), answers.flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def save_start(folder: Path) -> Path:
    processor = make_processor()
    model = make_model(processor)
    torch.manual_seed(1)
    teach(model, processor)
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


def write_labels(path: Path, data_dir: Path, mos: float | None = None) -> Path:
    """Official rows for three moving clips and three pictures; `mos` for all, or one of its own for each."""
    names = [*sorted((data_dir / "clips").glob("*.mp4")), *sorted((data_dir / "clive").glob("*.jpg"))[:3]]
    rows = [
        official_row(index, name.parent.name, str(name.relative_to(data_dir)), mos or 1.4 + 0.6 * index)
        for index, name in enumerate(names)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def small(**changes) -> GrpoSettings:
    defaults = {
        "max_steps": 2,
        "videos_per_step": 4,
        "micro_batch": 2,
        "num_generations": 4,
        "max_completion_length": LENGTH,
        "learning_rate": 1e-3,
    }
    kept = {"save_steps": 2, "validation": 2, "validation_group": 2, "probes": 1}
    return GrpoSettings(**(defaults | kept | changes))


def learner_of(start: Path, settings: GrpoSettings) -> Learner:
    accelerator = Accelerator(cpu=True)
    accelerator.gradient_accumulation_steps = settings.micro_batches(1)
    return make_learner(load_start(str(start)), settings, accelerator)[0]


def random_inputs(model: VQAThinkerForConditionalGeneration, videos: int, seed: int = 0) -> Inputs:
    """What stored features would give, drawn at random."""
    rng, config = torch.Generator().manual_seed(seed), model.config
    tokens = (videos, config.frames, config.image_seq_length, config.token_size)
    return {
        "vision_tokens": torch.randn(tokens, generator=rng),
        "burst_moments": torch.randn(videos, 3 * config.motion_config.temporal_channels, generator=rng),
        "clip_facts": torch.randn(videos, 4, generator=rng),
    }


def random_batch(learner: Learner, items: list, twins: bool = True, seed: int = 0) -> Batch:
    model, count = learner.bare.model, len(items)
    shown = random_inputs(model, count, seed + 100) if twins else None
    return Batch(items, random_inputs(model, count, seed), shown, [twins] * count)


def weights_of(folder: Path) -> dict[str, torch.Tensor]:
    return {key: value for path in sorted(folder.glob("*.safetensors")) for key, value in load_file(path).items()}


def without_seconds(path: Path) -> list[dict]:
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    return [{key: value for key, value in row.items() if key != "seconds"} for row in rows]


def overwrite(path: Path, count: int = 200) -> None:
    """Other bytes in the middle of a file."""
    data = bytearray(path.read_bytes())
    start = len(data) // 2
    data[start : start + count] = bytes(byte ^ 0x5A for byte in data[start : start + count])
    path.write_bytes(data)
