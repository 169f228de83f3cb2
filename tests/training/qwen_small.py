"""A small scorer on Qwen2.5-VL that already writes answers, and what its policy is asked about."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from tests.model.family import qwen_folders
from training.policy.features import stacked
from training.policy.policy import Inputs
from training.policy.qwen2_5_vl import Pictures, QwenPolicy
from vqathinker import load_rater
from vqathinker.model.loading import LoadedModel
from vqathinker.video import Clip, VideoInfo

TEACH_STEPS = 150


def as_clip(*names: str) -> Clip:
    """Pictures of noise as the frames of a video, or one as a still picture."""
    frames = [qwen_folders.picture(name) for name in names]
    info = VideoInfo(frames[0].shape[1], frames[0].shape[0], 25.0, 50, 2.0, is_still=len(names) == 1)
    return Clip(frames, tuple(range(len(frames))), (0.0,) * len(frames), None, info)


def shown(loaded: LoadedModel, *clips: Clip) -> Inputs:
    """Clips as the policy takes them."""
    source = Pictures(loaded.processor, 0, 0)
    return stacked([source._asked(clip) for clip in clips])


def write_start(folder: Path, name: str) -> Path:
    """A checkpoint that has been taught to write scores from all over the scale, in its scorer's form."""
    plain = qwen_folders.write_folder(folder / "plain")
    loaded = load_rater(f"{name}@{plain}", "fp32", "cpu").loaded
    policy, inputs = QwenPolicy(loaded.model), shown(loaded, as_clip("photo"))
    tokenizer, form, rng = loaded.processor.tokenizer, loaded.scorer.form, np.random.default_rng(0)
    optimizer = torch.optim.AdamW(loaded.model.model.language_model.parameters(), 5e-3)
    torch.manual_seed(0)
    for _ in range(TEACH_STEPS):
        texts = [f"<think></think><answer>{form.before}{s:.2f}{form.after}</answer>" for s in rng.uniform(1, 5, 8)]
        ids = [row + [loaded.eos_token_id] for row in tokenizer(texts)["input_ids"]]
        optimizer.zero_grad()
        (-policy(inputs, torch.tensor([ids])).mean()).backward()
        optimizer.step()
    loaded.model.save_pretrained(folder / "start")
    loaded.processor.save_pretrained(folder / "start")
    return folder / "start"
