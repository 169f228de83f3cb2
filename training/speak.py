"""Third stage of the supervised start: learn to say what is seen.

The tower and the motion encoder stay as the first stage left them, so that their output is computed once per sample and
standardised over the training data; fresh projectors and the language model learn to write the grounded reasoning and
the score. Every epoch words the same facts anew and draws the score from a normal around the MOS, so that neighbouring
scores share probability.

Loss: cross-entropy over the answer, digits of the score weighted `answer_weight` times, plus `reading_weight` times the
loss of the first stage, read off the projected features by another throw-away head: it keeps them telling.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from tqdm import tqdm

from vqathinker.model.generation import prefill, write
from vqathinker.model.modeling import VQAThinkerForConditionalGeneration
from vqathinker.model.processing import VQAThinkerProcessor, normalise
from vqathinker.rating.defects import DEFECTS, parse_defects
from vqathinker.rewards import format_ok, parse_answer

from .cache import Sample, read_sample
from .config import SftSettings
from .data.reasoning import write_reasoning
from .metrics import correlations
from .schedule import Stepper, epoch_order
from .see import ReadingHead, named_f1, seeing_loss
from .state import append_jsonl
from .views import View, plain_view, random_view

MAX_NEW_TOKENS = 160


@dataclass(frozen=True)
class Seen:
    """What the tower and the motion encoder make of a sample: tokens of its frames (1 or 2, F, tokens, D) in half
    precision, for a still flipped too; burst moments as they are and, for authentic pictures, of the pan."""

    tokens: torch.Tensor
    plain: torch.Tensor
    pan: torch.Tensor | None


@torch.inference_mode()
def see_sample(
    model: VQAThinkerForConditionalGeneration, processor: VQAThinkerProcessor, sample: Sample, frames: int
) -> Seen:
    pixels = normalise(sample.frames, processor.image_mean, processor.image_std)[None]
    shown = torch.cat([pixels, pixels.flip(-1)]) if len(sample.frames) == 1 else pixels
    with torch.autocast("cpu", dtype=torch.bfloat16):
        tokens = model.model.vision_tokens(shown).half().expand(-1, frames, -1, -1)

    def moments(bursts: np.ndarray) -> torch.Tensor:
        return model.model.motion_encoder.burst_moments(torch.from_numpy(bursts)[None].float() / 255)[0]

    return Seen(tokens, moments(sample.bursts), None if sample.pan_bursts is None else moments(sample.pan_bursts))


class Speaker:
    """Model, cached features and texts of this stage."""

    def __init__(
        self,
        model: VQAThinkerForConditionalGeneration,
        processor: VQAThinkerProcessor,
        rows: list[dict],
        cache: Path,
        settings: SftSettings,
    ):
        self.model, self.tokenizer, self.settings = model, processor.tokenizer, settings
        self.prompt = processor.tokenizer(processor.prompt_text())["input_ids"]
        self.head = ReadingHead(model.config.text_config.hidden_size)
        self.answer_ids = [self.tokenizer.convert_tokens_to_ids(tag) for tag in ("<answer>", "</answer>")]
        self.samples: dict[str, Sample] = {}
        self.seen: dict[str, Seen] = {}
        model.eval()
        for row in tqdm(rows, desc="features", mininterval=10):
            sample = read_sample(cache, row)
            self.seen[row["id"]] = see_sample(model, processor, sample, processor.frames)
            self.samples[row["id"]] = replace(sample, frames=sample.frames[:0].copy())
        self.standardise([row["id"] for row in rows if row["split"] == "train"])

    def standardise(self, train: list[str]) -> None:
        """Fit the scales of tokens and moments on the training samples, use them, and start the projectors anew."""
        body = self.model.model
        tokens, moments = body.vision_tower.standardise, body.motion_encoder.standardise
        tokens.fit(torch.cat([self.seen[key].tokens[0, ::3].flatten(0, 1).float() for key in train]))
        moments.fit(torch.stack([self.seen[key].plain for key in train]))
        for key, seen in self.seen.items():
            self.seen[key] = Seen(
                tokens(seen.tokens.float()).half(), moments(seen.plain), None if seen.pan is None else moments(seen.pan)
            )
        for projector in (body.multi_modal_projector, body.motion_projector):
            for layer in projector.children():
                if hasattr(layer, "reset_parameters"):
                    layer.reset_parameters()

    def parameters(self) -> list[nn.Parameter]:
        """What is trained: everything but the tower and the part of the motion encoder whose output is cached."""
        body = self.model.model
        for part in (body.vision_tower, body.motion_encoder.spatial, body.motion_encoder.temporal):
            part.requires_grad_(False)
        body.motion_encoder.temporal_in.requires_grad_(False)
        return [p for p in [*self.model.parameters(), *self.head.parameters()] if p.requires_grad]

    def features(self, views: list[View], panned: list[bool]) -> torch.Tensor:
        """Views -> video features (B, V, H), with gradients to the projectors."""
        seen = [self.seen[view.row["id"]] for view in views]
        tokens = [s.tokens[int(view.flipped) % len(s.tokens)] for s, view in zip(seen, views, strict=True)]
        moments = torch.stack([s.pan if pan else s.plain for s, pan in zip(seen, panned, strict=True)])
        facts = torch.from_numpy(np.stack([view.facts for view in views]))
        motion = self.model.model.motion_encoder.add_facts(moments, facts)
        return self.model.model.project(torch.stack(tokens).float(), motion)

    def texts(self, views: list[View], rng: np.random.Generator) -> list[str]:
        jitter = self.settings.speak.score_jitter
        scores = [float(np.clip(rng.normal(view.row["mos"], jitter), 1, 5)) for view in views]
        return [write_reasoning(view.row, score, rng) for view, score in zip(views, scores, strict=True)]

    def loss(self, rows: list[dict], rng: np.random.Generator) -> tuple[torch.Tensor, dict]:
        """Loss of the module docstring over a batch of rows, and its parts."""
        speak = self.settings.speak
        views = [random_view(row, self.samples[row["id"]], self.settings, rng) for row in rows]
        panned = [self.is_pan(view) for view in views]
        features = F.dropout(self.features(views, panned), speak.feature_dropout)
        answers = [ids + [self.tokenizer.eos_token_id] for ids in self.tokenizer(self.texts(views, rng))["input_ids"]]
        length = max(map(len, answers))
        padded = torch.tensor([ids + [self.tokenizer.pad_token_id] * (length - len(ids)) for ids in answers])
        weights = self.weights(padded)
        ids = torch.cat([torch.tensor(self.prompt).expand(len(rows), -1), padded], dim=1)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            hidden = self.model.model(input_ids=ids, video_features=features).last_hidden_state
            logits = self.model.lm_head(hidden[:, len(self.prompt) - 1 : -1])
            mos, defects = self.head(features)
        token_loss = F.cross_entropy(logits.float().transpose(1, 2), padded, reduction="none")
        words = (token_loss * weights).sum() / weights.sum()
        reading, parts = seeing_loss(mos.float(), defects.float(), rows, self.settings)
        return words + speak.reading_weight * reading, {"ce": words.item(), **parts}

    def is_pan(self, view: View) -> bool:
        sample = self.samples[view.row["id"]]
        return sample.pan_bursts is not None and view.row["facts"]["num_frames"] > 1

    def weights(self, padded: torch.Tensor) -> torch.Tensor:
        """(B, L) weights of the answer's tokens: 0 for padding, `answer_weight` between the answer tags, else 1."""
        opened = (padded == self.answer_ids[0]).cumsum(1) - (padded == self.answer_ids[0]).long()
        closed = (padded == self.answer_ids[1]).cumsum(1)
        inside = opened.bool() & ~closed.bool()
        weights = torch.where(inside, self.settings.speak.answer_weight, 1.0)
        return weights * (padded != self.tokenizer.pad_token_id)

    @torch.inference_mode()
    def say(self, rows: list[dict]) -> list[str]:
        """Greedy answers for samples as they are."""
        texts = []
        self.model.eval()
        for start in range(0, len(rows), 48):
            views = [plain_view(row, self.samples[row["id"]]) for row in rows[start : start + 48]]
            features = self.features(views, [False] * len(views))
            ids = torch.tensor(self.prompt).repeat(len(views), 1)
            prompt = prefill(self.model, {"input_ids": ids, "video_features": features})
            out = write(self.model, prompt, max_new_tokens=MAX_NEW_TOKENS, eos_token_id=self.tokenizer.eos_token_id)
            texts += self.tokenizer.batch_decode(out, skip_special_tokens=True)
        return texts

    def evaluate(self, rows: list[dict]) -> dict[str, float]:
        """SRCC and MAE by source, macro-F1 of the named defects and the share of well-formed answers."""
        texts = self.say(rows)
        scores = np.array([3.0 if (score := parse_answer(text)) is None else score for text in texts])
        found = [{defect.name for defect in parse_defects(text)} for text in texts]
        named = np.array([[name in names for name in DEFECTS] for names in found])
        well_formed = float(np.mean([format_ok(text) for text in texts]))
        return correlations(rows, scores) | {"macro_f1": named_f1(rows, named), "well_formed": well_formed}


def train_to_speak(
    model: VQAThinkerForConditionalGeneration,
    processor: VQAThinkerProcessor,
    rows: dict[str, list[dict]],
    cache: Path,
    run: Path,
    settings: SftSettings,
    report: Callable[[str], None] = print,
) -> None:
    """Train in place; `run` receives the log and the resume state. A finished stage returns at once."""
    torch.manual_seed(settings.seed)
    speaker = Speaker(model, processor, rows["train"] + rows["val"], cache, settings)
    speak, train = settings.speak, rows["train"]
    steps = -(-len(train) // speak.batch_size)
    optimizer = torch.optim.AdamW(speaker.parameters(), speak.lr, betas=(0.9, 0.98), weight_decay=speak.weight_decay)
    modules = {"model": model, "head": speaker.head}
    stepper = Stepper(modules, optimizer, speak.epochs * steps, speak.warmup, run / "speak.pt")
    for step in stepper.remaining():
        epoch, batch = divmod(step, steps)
        began = time.perf_counter()
        chosen = epoch_order(len(train), settings.seed + 1, epoch)[batch * speak.batch_size :][: speak.batch_size]
        model.train()
        loss, parts = speaker.loss([train[i] for i in chosen], np.random.default_rng([settings.seed, 1, step]))
        stepper.update(loss)
        row = {"stage": "speak", "step": step + 1, "loss": loss.item(), **parts, "s": time.perf_counter() - began}
        last = batch == steps - 1
        if last and (epoch % 3 == 2 or epoch == speak.epochs - 1):
            row |= {"validation": speaker.evaluate(rows["val"])}
            stepper.save(step + 1)
        if last or step % 10 == 0:
            append_jsonl(run / "log.jsonl", row)
            report(str(row))
