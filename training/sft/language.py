"""Third stage of the supervised start: learn to say what is seen.

Tower and motion encoder stay as the earlier stages left them, so that their output is computed once for each of a few
views of every sample. The projector of the tower and the reading head go on from the first stage; burst moments and
color moments are standardised over the training data, fresh projectors of both and the language model learn to write
the grounded reasoning and the score. Every epoch words the same facts anew. Clips without defects are shown as they
are, several times an epoch: where nearly every clip is broken, naming a defect is always a good guess.

What the words judge is drawn around the MOS, widely, and the score is drawn apart from it, narrowly. Were both the
same draw, the words would give the score away: the model would learn to copy it from them, to within the width of a
word, and would hardly look at the video again for the digits.

Loss: cross-entropy over the answer, digits of the score weighted `answer_weight` times and held against their whole
distribution (a draw of them would teach the same, slower); `reading_weight` times the loss of the first stage, read off
the projected features by its head: it keeps them telling; `probe_weight` times that loss read off what the language
model holds at the end of the prompt and before the score: it leads what is seen there. Head and probe are thrown away.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from vqathinker.answer import ANSWER, ANSWER_END, counted_score
from vqathinker.model.configuration import COLOR_SIZE
from vqathinker.model.generation import prefill, write
from vqathinker.model.modeling import VQAThinkerForConditionalGeneration
from vqathinker.model.processing import VQAThinkerProcessor
from vqathinker.rating.defects import DEFECTS, parse_defects
from vqathinker.rewards import format_ok, parse_answer

from ..common.metrics import correlations
from ..common.precision import quick_autocast
from ..common.prefetch import workers_for
from ..common.schedule import Stage, run_stage
from ..common.spread import spread
from ..data.reasoning import is_clean, write_reasoning
from ..policy.answers import MAX_NEW_TOKENS
from .config import SftSettings
from .features import Seen, Watcher, watch_all
from .vision import ReadingHead, named_f1, seeing_loss, weighted

GREEDY_AT_ONCE = 96
"""Samples about which greedy answers are written at a time."""


def digit_targets(mos: torch.Tensor, deviation: float, written: torch.Tensor) -> torch.Tensor:
    """Probabilities (B, 3, 10) of the unit, of the tenth after the written unit, and of the hundredth after both.

    The score is normal around the MOS (B,), held to [1, 5], rounded to two decimals. written (B, 3): the digits of a
    score.
    """
    edges = torch.cat([torch.tensor([-torch.inf]), torch.arange(1.005, 5.0, 0.01), torch.tensor([torch.inf])])
    below = torch.special.ndtr((edges.double() - mos[:, None].double()) / deviation)
    table = torch.zeros(len(mos), 1000, dtype=torch.float64)
    table[:, 100:501] = below.diff(dim=1).clamp_min(1e-12)
    table, rows = table.view(-1, 10, 10, 10), torch.arange(len(mos))
    unit, tenth = table.sum((2, 3)), table.sum(3)[rows, written[:, 0]]
    targets = torch.stack([unit, tenth, table[rows, written[:, 0], written[:, 1]]], dim=1)
    return (targets / targets.sum(-1, keepdim=True)).float()


class ProbeHead(nn.Linear):
    """States of the language model (B, H) -> MOS (B,) and defect logits (B, 13)."""

    def __init__(self, hidden_size: int):
        super().__init__(hidden_size, 1 + len(DEFECTS))

    def forward(self, states: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        out = super().forward(states)
        return 3.0 + out[:, 0], out[:, 1:]


@dataclass(frozen=True)
class Told:
    """Views as `stacked_views` has them, the ids (B, L) of an answer about each, padded at the end, and their rows."""

    views: tuple[torch.Tensor, torch.Tensor, torch.Tensor]
    answers: torch.Tensor
    rows: list[dict]


def stacked_views(seen: list[Seen]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Places (B, F), moments (B, M) and facts (B, 4) of views."""
    places, moments, facts = (torch.stack([getattr(s, name) for s in seen]) for name in ("places", "moments", "facts"))
    return places, moments, facts


class Speaker:
    """Model, cached features and texts of this stage."""

    def __init__(
        self,
        model: VQAThinkerForConditionalGeneration,
        processor: VQAThinkerProcessor,
        head: ReadingHead,
        rows: dict[str, list[dict]],
        cache: Path,
        run: Path,
        settings: SftSettings,
        workers: int = 0,
    ):
        self.model, self.tokenizer, self.head, self.settings = model, processor.tokenizer, head, settings
        self.device = model.device
        self.prompt = processor.tokenizer(processor.prompt_text())["input_ids"]
        self.answer_ids = [self.tokenizer.convert_tokens_to_ids(tag) for tag in (ANSWER, ANSWER_END)]
        self.probe = ProbeHead(model.config.text_config.hidden_size).to(self.device)
        body = model.eval().model
        body.motion_encoder.standardise.reset_parameters()
        everyone = rows["train"] + rows["val"]
        frames = len(everyone) * settings.language.views * settings.model.frames
        self.watcher = Watcher(model, processor, settings, frames)
        seen = watch_all(self.watcher, everyone, cache, run / "seen", workers)
        moments = body.motion_encoder.standardise
        moments.fit(torch.stack([views[0].moments for views in seen[: len(rows["train"])]]))
        scale = copy.deepcopy(moments).cpu()
        self.seen = {
            row["id"]: [replace(view, moments=scale(view.moments)) for view in views]
            for row, views in zip(everyone, seen, strict=True)
        }
        for layer in body.motion_projector.children():
            layer.reset_parameters()
        if body.color_projector is not None:
            places = torch.cat([view.places for views in seen[: len(rows["train"])] for view in views]).unique()
            colors = self.watcher.bank[places, :, -COLOR_SIZE:].float()
            body.color_projector.standardise.fit(colors.flatten(0, 1))

    def optimizers(self) -> list[torch.optim.Optimizer]:
        """Muon for the matrices of the language model, AdamW for all else that is trained: what is new at one rate,
        what the first stage trained at another; not the tower, nor the part of the motion encoder whose output is
        cached."""
        body, language = self.model.model, self.settings.language
        for part in (body.vision_tower, *dict(body.motion_encoder.frozen_modules()).values()):
            part.requires_grad_(False)
        matrices = [p for p in body.language_model.layers.parameters() if p.ndim == 2]
        known = [*body.multi_modal_projector.parameters(), *self.head.parameters()]
        named = {id(p) for p in (*matrices, *known)}
        new = [p for p in self.model.parameters() if p.requires_grad and id(p) not in named]
        groups = [
            {"params": [*new, *self.probe.parameters()], "lr": language.lr},
            {"params": known, "lr": language.projector_lr},
        ]
        muon = {"lr": language.muon_lr, "weight_decay": language.weight_decay, "adjust_lr_fn": "match_rms_adamw"}
        return [
            torch.optim.Muon(matrices, **muon),
            torch.optim.AdamW(groups, betas=(0.9, 0.98), weight_decay=language.weight_decay),
        ]

    def features(self, views: tuple[torch.Tensor, torch.Tensor, torch.Tensor]) -> torch.Tensor:
        """Stacked views -> video features (B, V, H), with gradients to the projectors."""
        places, moments, facts = (part.to(self.device) for part in views)
        motion = self.model.model.motion_encoder({"burst_moments": moments, "clip_facts": facts})
        return self.model.model.project(self.watcher.bank[places].float(), motion)

    def texts(self, rows: list[dict], rng: np.random.Generator) -> list[str]:
        def draws(deviation: float) -> list[float]:
            return [float(np.clip(rng.normal(row["mos"], deviation), 1, 5)) for row in rows]

        scores, judged = draws(self.settings.language.score_jitter), draws(self.settings.language.word_jitter)
        return [write_reasoning(*each[:2], rng, each[2]) for each in zip(rows, scores, judged, strict=True)]

    def token_losses(self, logits: torch.Tensor, answers: torch.Tensor, mos: torch.Tensor) -> torch.Tensor:
        """Cross-entropy (B, L) of logits (B, L, V) with answers (B, L); with whole distributions for the digits."""
        logps = logits.float().log_softmax(-1)
        losses = -logps.gather(-1, answers[..., None])[..., 0]
        rows = torch.arange(len(answers), device=answers.device)
        unit = (answers == self.answer_ids[0]).int().argmax(1) + 1
        places = torch.stack([unit, unit + 2, unit + 3], dim=1)
        digits = torch.tensor(self.tokenizer.convert_tokens_to_ids(list("0123456789")), device=answers.device)
        written = (answers.gather(1, places)[..., None] == digits).int().argmax(-1)
        targets = digit_targets(mos, self.settings.language.score_jitter, written.cpu()).to(answers.device)
        soft = -(targets * logps[rows[:, None], places][..., digits]).sum(-1)
        return losses.scatter(1, places, soft)

    def prepare(self, rows: list[dict], rng: np.random.Generator) -> Told:
        """A view of each sample, and words about it."""
        seen = [self.draw_view(row, rng) for row in rows]
        texts = self.texts([s.row for s in seen], rng)
        answers = [ids + [self.tokenizer.eos_token_id] for ids in self.tokenizer(texts)["input_ids"]]
        length = max(map(len, answers))
        padded = torch.tensor([ids + [self.tokenizer.pad_token_id] * (length - len(ids)) for ids in answers])
        return Told(stacked_views(seen), padded, [s.row for s in seen])

    def draw_view(self, row: dict, rng: np.random.Generator) -> Seen:
        """A random view of a sample; a clip that was built without a defect stays as it is."""
        views = self.seen[row["id"]]
        as_it_is = row["kind"] == "pseudo" and is_clean(row)
        return views[0 if as_it_is else int(rng.integers(len(views)))]

    def loss(self, told: Told) -> tuple[torch.Tensor, dict]:
        """Loss of the module docstring over a batch, and its parts."""
        language = self.settings.language
        shown, padded = told.rows, told.answers.to(self.device)
        features = F.dropout(self.features(told.views), language.feature_dropout)
        weights = self.weights(padded)
        prompt = torch.tensor(self.prompt, device=self.device).expand(len(shown), -1)
        ids = torch.cat([prompt, padded], dim=1)
        score_at = len(self.prompt) + (padded == self.answer_ids[0]).int().argmax(1)
        with quick_autocast(self.device):
            hidden = self.model.model(input_ids=ids, video_features=features).last_hidden_state
            logits = self.model.lm_head(hidden[:, len(self.prompt) - 1 : -1])
            states = (hidden[:, len(self.prompt) - 1], hidden[torch.arange(len(shown), device=self.device), score_at])
            readings = [self.head(features), *map(self.probe, states)]
        token_loss = self.token_losses(logits, padded, torch.tensor([row["mos"] for row in shown]))
        words = (token_loss * weights).sum() / weights.sum()
        (reading, parts), *probed = [seeing_loss(*map(torch.Tensor.float, r), shown, self.settings) for r in readings]
        probe = sum(loss for loss, _ in probed)
        loss = words + language.reading_weight * reading + language.probe_weight * probe
        return loss, {"ce": words.item(), "probe": probe.item(), **parts}

    def weights(self, padded: torch.Tensor) -> torch.Tensor:
        """(B, L) weights of the answer's tokens: 0 for padding, `answer_weight` between the answer tags, else 1."""
        opened = (padded == self.answer_ids[0]).cumsum(1) - (padded == self.answer_ids[0]).long()
        closed = (padded == self.answer_ids[1]).cumsum(1)
        inside = opened.bool() & ~closed.bool()
        weights = torch.where(inside, self.settings.language.answer_weight, 1.0)
        return weights * (padded != self.tokenizer.pad_token_id)

    @torch.inference_mode()
    def say(self, rows: list[dict]) -> list[str]:
        """Greedy answers for samples as they are."""
        texts = []
        self.model.eval()
        for start in range(0, len(rows), GREEDY_AT_ONCE):
            features = self.features(
                stacked_views([self.seen[row["id"]][0] for row in rows[start : start + GREEDY_AT_ONCE]])
            )
            ids = torch.tensor(self.prompt, device=self.device).repeat(len(features), 1)
            prompt = prefill(self.model, {"input_ids": ids, "video_features": features})
            out = write(self.model, prompt, max_new_tokens=MAX_NEW_TOKENS, eos_token_id=self.tokenizer.eos_token_id)
            texts += self.tokenizer.batch_decode(out, skip_special_tokens=True)
        return texts

    def evaluate(self, rows: list[dict]) -> dict[str, float]:
        """SRCC and MAE by source, macro-F1 of the named defects and the share of well-formed answers."""
        texts = self.say(rows)
        scores = np.array([counted_score(parse_answer(text)) for text in texts])
        found = [{defect.name for defect in parse_defects(text)} for text in texts]
        named = np.array([[name in names for name in DEFECTS] for names in found])
        well_formed = float(np.mean([format_ok(text) for text in texts]))
        return correlations(rows, scores) | {"macro_f1": named_f1(rows, named), "well_formed": well_formed}


def train_to_speak(
    model: VQAThinkerForConditionalGeneration,
    processor: VQAThinkerProcessor,
    head: ReadingHead,
    rows: dict[str, list[dict]],
    cache: Path,
    run: Path,
    settings: SftSettings,
    report: Callable[[str], None] = print,
    jobs: int = 2,
) -> None:
    """Train in place; `run` receives the log and the resume state. A finished stage returns at once."""
    torch.manual_seed(settings.seed)
    workers = workers_for(model.device, jobs)
    rows = rows | {"val": spread(rows["val"], settings.language.validation)}
    speaker, language = Speaker(model, processor, head, rows, cache, run, settings, workers), settings.language
    stage = Stage(
        name="language",
        number=1,
        rows=weighted(rows["train"], language.copies, language.clean_copies),
        lengths=language,
        every=max(1, language.epochs // 2),
        task=speaker,
        modules={"model": model, "head": head, "probe": speaker.probe},
        optimizers=speaker.optimizers(),
        evaluate=lambda: speaker.evaluate(rows["val"]),
    )
    run_stage(stage, run, settings.seed, report, workers)
