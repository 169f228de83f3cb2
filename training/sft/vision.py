"""First stage of the supervised start: learn to see quality, on pictures that people rated.

Moving clips come later: what tells quality is in the pictures, and one picture costs a sixth of a clip. Pictures that
people liked are shown with a defect of pixels now and then (training/sft/views.py), so that the head learns these, too.
The features of the tower are first brought to one scale (mean 0, deviation 1 over training samples), since what hardly
varies may be what tells a dark picture from a bright one. Then the vision tower (ImageNet weights), the motion encoder
and both projectors are trained with a small reading head that predicts MOS and the severity of every defect from what
the language model will be given. The head goes on with the third stage and is thrown away after that. Batch norm keeps
its ImageNet statistics; the first stages of the tower keep their weights, later ones move the faster the later they
are. The stage ends with the moving average of the weights over its steps: it forgets less of ImageNet, and chance of
the last steps weighs less. Then the tower goes a share of the way back to its ImageNet weights.

Loss: L1 on MOS + correlation_weight * (1 - PLCC in the batch) + defect_weight * BCE on severities (pseudo-labelled
samples only: nobody listed the defects of the authentic pictures).
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import MethodType

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from vqathinker.model.efficientnet_lite import EfficientNetLiteModel
from vqathinker.model.modeling import VQAThinkerForConditionalGeneration
from vqathinker.model.processing import VQAThinkerProcessor, motion_values, normalise
from vqathinker.rating.defects import DEFECTS

from ..common.metrics import correlations
from ..common.precision import quick_autocast
from ..common.prefetch import made_ahead, workers_for
from ..common.schedule import Stage, run_stage
from ..data.reasoning import defects_known, is_clean
from .cache import read_sample
from .config import SftSettings
from .init import load_imagenet
from .views import SampleView, motion_tensors, plain_view, random_view

SEVERITY_TARGETS = {"slight": 0.6, "noticeable": 0.8, "severe": 1.0}
HEAD_SIZE = 128
SCALE_SAMPLES = 384


class ReadingHead(nn.Module):
    """Projected video features (B, V, H) -> MOS (B,) and defect logits (B, 13)."""

    def __init__(self, hidden_size: int):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(2 * hidden_size, HEAD_SIZE), nn.GELU(), nn.Dropout(0.1), nn.Linear(HEAD_SIZE, 1 + len(DEFECTS))
        )

    def forward(self, features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        summary = torch.cat([features[:, :-1].mean(1), features[:, -1]], dim=-1)
        out = self.layers(summary)
        return 3.0 + out[:, 0], out[:, 1:]


def severity_targets(rows: list[dict]) -> torch.Tensor:
    """Rows -> (B, 13) targets: 0 where the defect is absent, else 0.6, 0.8 or 1 by severity."""
    targets = torch.zeros(len(rows), len(DEFECTS))
    for index, row in enumerate(rows):
        for defect in row["defects"]:
            targets[index, DEFECTS.index(defect["name"])] = SEVERITY_TARGETS[defect["severity"]]
    return targets


def learn_in_full(conv: nn.Conv2d) -> None:
    """Leave autocast for this convolution where gradients are wanted: on a CPU the backward pass of a depthwise one in
    bfloat16 takes longer than that of the whole tower in float32. A copy of the convolution, as one whose batch norm
    is folded into it, computes with its own weights."""

    def forward(self: nn.Conv2d, x: torch.Tensor) -> torch.Tensor:
        plain = type(self).forward
        if not torch.is_grad_enabled():
            return plain(self, x)
        with torch.autocast(x.device.type, enabled=False):
            return plain(self, x.float())

    conv.forward = MethodType(forward, conv)


def plcc_loss(predicted: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """1 - Pearson correlation of two vectors; 0 for fewer than three items, or where either is constant: there the
    gradient of the correlation is no number."""
    if len(target) < 3 or min(float(predicted.detach().std()), float(target.std())) < 1e-3:
        return predicted.new_zeros(())
    return 1 - torch.corrcoef(torch.stack([predicted, target]))[0, 1]


def seeing_loss(
    mos: torch.Tensor, logits: torch.Tensor, rows: list[dict], settings: SftSettings
) -> tuple[torch.Tensor, dict]:
    """The loss of the module docstring for predictions (B,) and (B, 13), and its parts as floats."""
    target = torch.tensor([row["mos"] for row in rows], device=mos.device)
    human = torch.tensor([row["kind"] == "human" for row in rows], device=mos.device)
    listed = torch.tensor([defects_known(row) for row in rows], device=mos.device)
    error = (mos - target).abs().mean()
    correlation = plcc_loss(mos[human], target[human]) + plcc_loss(mos[~human], target[~human])
    defects = (
        F.binary_cross_entropy_with_logits(logits[listed], severity_targets(rows).to(mos.device)[listed])
        if listed.any()
        else logits.new_zeros(())
    )
    loss = error + settings.vision.correlation_weight * correlation + settings.vision.defect_weight * defects
    return loss, {"l1": error.item(), "1-plcc": correlation.item(), "defects": defects.item()}


@dataclass(frozen=True)
class VisionBatch:
    """One frame of each sample (B, S, S, 3) uint8, its bursts (B, F, T, s, s) uint8 and facts (B, 4), and the rows with
    the labels of what is shown."""

    frames: torch.Tensor
    bursts: torch.Tensor
    facts: torch.Tensor
    rows: list[dict]


class Seer:
    """Model and head of this stage, what they are shown and what they make of it."""

    def __init__(
        self,
        model: VQAThinkerForConditionalGeneration,
        processor: VQAThinkerProcessor,
        cache: Path,
        settings: SftSettings,
    ):
        self.model, self.processor, self.cache = model.model, processor, cache
        self.settings = replace(settings, pan_share=0.0, crop=settings.vision.crop)
        self.device = model.device
        self.head = ReadingHead(model.config.text_config.hidden_size).to(self.device)
        tower = self.model.vision_tower
        for part in [tower.stem, *tower.stages[: settings.vision.frozen_stages]]:
            part.requires_grad_(False)
        tower.to(memory_format=torch.channels_last)
        for module in tower.modules():
            if isinstance(module, nn.Conv2d) and module.groups > 1 and self.device.type == "cpu":
                learn_in_full(module)

    def groups(self) -> list[dict]:
        """Parameter groups: the tower at its own rate, everything new at another."""
        vision, stages = self.settings.vision, self.model.vision_tower.stages
        depth = len(stages) - 1
        tower = [
            {"params": list(stage.parameters()), "lr": vision.tower_lr * vision.layer_decay ** (depth - index)}
            for index, stage in enumerate(stages)
            if index >= vision.frozen_stages
        ]
        new = [self.model.multi_modal_projector, self.model.motion_encoder, self.model.motion_projector, self.head]
        fresh = [p for module in new for p in module.parameters()]
        return [*tower, {"params": fresh, "lr": vision.new_lr}]

    def modules(self) -> dict[str, nn.Module]:
        """What this stage trains or fits; the language model is not among it."""
        names = ("vision_tower", "motion_encoder", "multi_modal_projector", "motion_projector")
        return {name: getattr(self.model, name) for name in names} | {"head": self.head}

    def averaged(self, decay: float) -> AveragedModel:
        """The moving average of these modules, which follows them from now on."""
        return AveragedModel(nn.ModuleDict(self.modules()), multi_avg_fn=get_ema_multi_avg_fn(decay))

    def take(self, weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Go on with these weights; returns those of before."""
        modules = nn.ModuleDict(self.modules())
        before = {name: tensor.clone() for name, tensor in modules.state_dict().items()}
        modules.load_state_dict(weights)
        return before

    def fit_scales(self, rows: list[dict], rng: np.random.Generator) -> None:
        """Measure the scale of the tower's features on one frame of each of some training samples."""
        chosen = [rows[i] for i in rng.permutation(len(rows))[:SCALE_SAMPLES]]
        views = [plain_view(row, read_sample(self.cache, row), self.settings) for row in chosen]
        frames = torch.from_numpy(np.stack([view.frame(0) for view in views]))
        with torch.inference_mode(), quick_autocast(self.device):
            pixels = [self.pixels(some) for some in frames.split(32)]
            tokens = torch.cat([self.model.vision_tower(pixel_values=some).last_hidden_state for some in pixels])
        self.model.vision_tower.standardise.fit(tokens.float().flatten(0, 1))

    def pixels(self, frames: torch.Tensor) -> torch.Tensor:
        """Frames (B, S, S, 3) uint8 -> (B, 3, S, S), normalised, on the device of the model."""
        return normalise(frames.to(self.device), self.processor.image_mean, self.processor.image_std)

    def prepare(self, rows: list[dict], rng: np.random.Generator | None) -> VisionBatch:
        """The middle frame of each sample as it is; with a generator, any frame of a random view of it."""
        views: list[SampleView] = []
        frames = []
        for row in rows:
            sample = read_sample(self.cache, row)
            view = random_view(row, sample, self.settings, rng) if rng else plain_view(row, sample, self.settings)
            count = len(view.places)
            frames.append(view.frame(int(rng.integers(count)) if rng else count // 2))
            views.append(view)
        pictures = torch.from_numpy(np.stack(frames))
        return VisionBatch(pictures, *motion_tensors(views, self.settings), [view.row for view in views])

    def predict(self, shown: VisionBatch) -> tuple[torch.Tensor, torch.Tensor]:
        """MOS (B,) and defect logits (B, 13), on the device of the model."""
        motion = {
            "motion_values": motion_values(shown.bursts.to(self.device)),
            "clip_facts": shown.facts.to(self.device),
        }
        with quick_autocast(self.device):
            tokens = self.model.vision_tokens(self.pixels(shown.frames).unsqueeze(1)).float()
            features = self.model.project(tokens, self.model.motion_encoder(motion))
            mos, logits = self.head(features)
        return mos.float(), logits.float()

    def loss(self, shown: VisionBatch) -> tuple[torch.Tensor, dict]:
        return seeing_loss(*self.predict(shown), shown.rows, self.settings)

    @torch.inference_mode()
    def evaluate(self, rows: list[dict], workers: int = 0) -> dict[str, float]:
        """SRCC and MAE on each source of the validation rows, and macro-F1 of the defect logits."""
        self.model.eval(), self.head.eval()
        parts = [rows[i : i + 32] for i in range(0, len(rows), 32)]
        outputs = [self.predict(shown) for shown in made_ahead(lambda part: self.prepare(part, None), parts, workers)]
        mos = torch.cat([out[0] for out in outputs]).cpu().numpy()
        named = (torch.cat([out[1] for out in outputs]) > 0).cpu().numpy()
        return correlations(rows, mos) | {"macro_f1": named_f1(rows, named)}


def weighted(rows: list[dict], copies_of: dict[str, int], clean_copies: int = 1) -> list[dict]:
    """The rows of one epoch: those of a group in `copies_of` so many times, of all others the clips without defects
    `clean_copies` times."""

    def copies(row: dict) -> int:
        return copies_of.get(row["group"], clean_copies if row["kind"] == "pseudo" and is_clean(row) else 1)

    return [row for row in rows for _ in range(copies(row))]


def named_f1(rows: list[dict], named: np.ndarray) -> float | None:
    """Macro-F1 over the defects that occur in the pseudo-labelled rows, None without any; `named` is (N, 13) bool."""
    listed = np.array([row["kind"] == "pseudo" for row in rows])
    truth = (severity_targets(rows).numpy() > 0)[listed]
    named = named[listed]
    present = truth.any(0)
    if not present.any():
        return None
    hits = (truth & named).sum(0)
    return float((2 * hits / np.maximum(truth.sum(0) + named.sum(0), 1))[present].mean())


@torch.no_grad()
def towards_imagenet(tower: EfficientNetLiteModel, share: float) -> None:
    """Move the weights of a tuned tower this share of the way back to those of ImageNet, in place (Wortsman et al.,
    Robust fine-tuning of zero-shot models, CVPR 2022)."""
    start = copy.deepcopy(tower).cpu()
    load_imagenet(start)
    for tuned, first in zip(tower.parameters(), start.parameters(), strict=True):
        tuned.lerp_(first.to(tuned.device), share)


def train_to_see(
    model: VQAThinkerForConditionalGeneration,
    processor: VQAThinkerProcessor,
    rows: dict[str, list[dict]],
    cache: Path,
    run: Path,
    settings: SftSettings,
    report: Callable[[str], None] = print,
    jobs: int = 2,
) -> ReadingHead:
    """Train in place; `run` receives the log and the resume state. A finished stage returns at once, with its head."""
    torch.manual_seed(settings.seed)
    workers = workers_for(model.device, jobs)
    seer, vision = Seer(model, processor, cache, settings), settings.vision
    rated = {split: [row for row in part if row["kind"] == "human"] for split, part in rows.items()}
    if not (run / "vision.pt").exists():
        seer.fit_scales(rated["train"], np.random.default_rng([settings.seed, 4]))
    average = seer.averaged(vision.average)

    def evaluate() -> dict[str, float]:
        before = seer.take(average.module.state_dict())
        measured = seer.evaluate(rated["val"], workers)
        seer.take(before)
        return measured

    stage = Stage(
        name="vision",
        number=0,
        rows=weighted(rated["train"], vision.copies),
        lengths=vision,
        every=max(1, vision.epochs // 5),
        task=seer,
        modules=seer.modules() | {"average": average},
        optimizers=[torch.optim.AdamW(seer.groups(), weight_decay=vision.weight_decay)],
        evaluate=evaluate,
        after_step=lambda: average.update_parameters(nn.ModuleDict(seer.modules())),
    )
    run_stage(stage, run, settings.seed, report, workers)
    seer.take(average.module.state_dict())
    towards_imagenet(model.model.vision_tower, vision.imagenet)
    return seer.head
