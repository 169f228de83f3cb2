"""Settings of a GRPO run: one YAML file, one frozen dataclass."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path

import yaml

from vqathinker.renamed import SETTINGS, renamed
from vqathinker.rewards import REWARDS, RewardSpec
from vqathinker.rewards.loss import LOSS_TYPES
from vqathinker.rewards.registry import without

from ..common.settings import build, read_yaml
from ..policy.lora import LoraSettings

SCHEDULES = ("cosine", "constant")
POSITIVE = (
    "videos_per_step",
    "siblings",
    "num_generations",
    "micro_batch",
    "rollout_batch",
    "max_completion_length",
    "num_iterations",
    "save_steps",
)
NOT_NEGATIVE = (
    "max_steps",
    "num_train_epochs",
    "learning_rate",
    "warmup_ratio",
    "weight_decay",
    "max_grad_norm",
    "beta",
    "epsilon",
    "twins",
    "validation",
    "probes",
)


@dataclass(frozen=True)
class GrpoSettings:
    """Everything that decides a GRPO run, next to its data and its start. Raises ValueError for a value out of range.

    Names are those of TRL's GRPOConfig, where it has them.

    What is seen of the data
        max_steps, num_train_epochs     length of the run: in steps, or, where num_train_epochs is above 0, in passes
                            over the data
        videos_per_step     videos of one step, over all processes; the ranking reward compares all of them
        weights             share of each group of the data among the videos shown; a group not named has share 0;
                            nothing named: every sample alike
        most                samples of each group at most, spread evenly over it; a group not named: all of them
        siblings            samples of one content, degraded in different ways, that are shown in one step, where there
                            are so many: the ranking reward then compares what differs in quality only
        cache               keep what the frozen parts see of every clip on disk; off: decode and look anew in every
                            step (data sets too large for a disk). Ignored, as off, where the tower itself is trained
    Answers
        num_generations, temperature, max_completion_length     answers about each video, how they are sampled, their
                            limit in tokens
        twins, twin_seed    differently perturbed versions of a moving clip to choose from; 0: no temporal reward
        rollout_batch       videos (twins too) about which a process writes at once
    Rewards and loss
        reward              fields of RewardSpec (vqathinker/rewards/spec.py)
        scale_rewards       divide the advantage by the group's deviation (Dr. GRPO does not)
        loss_type, beta, epsilon, epsilon_high      see vqathinker/rewards/loss.py
        num_iterations      updates from one batch of answers; from the second on, the clipping matters
    Optimiser
        train               parts of the model, such as multi_modal_projector, motion_projector, motion_encoder.facts,
                            language_model, vision_tower; lora: adapters in their linear layers
        micro_batch         videos that a process sends through the policy at once; gradients add up over
                            videos_per_step / processes / micro_batch of them
        learning_rate, lr_scheduler_type, warmup_ratio (share of the steps), weight_decay,
        max_grad_norm (0: no clipping), bf16, gradient_checkpointing
    What is kept
        save_steps          steps between two saves; each comes with a validation and the probes
        validation          videos of each validation set that are measured; 0: all of them
        validation_group    sampled answers about each of them
        probes              validation videos whose sampled answers are kept at every save
        trackio             project name for trackio, if it is installed; empty: no
    """

    seed: int = 0
    max_steps: int = 200
    num_train_epochs: float = 0.0
    videos_per_step: int = 8
    weights: dict[str, float] = field(default_factory=dict)
    most: dict[str, int] = field(default_factory=dict)
    siblings: int = 1
    cache: bool = True

    num_generations: int = 8
    temperature: float = 1.0
    max_completion_length: int = 160
    twins: int = 2
    twin_seed: int = 0
    rollout_batch: int = 16

    reward: RewardSpec = field(default_factory=RewardSpec)
    scale_rewards: bool = True
    loss_type: str = "grpo"
    beta: float = 0.04
    epsilon: float = 0.2
    epsilon_high: float | None = None
    num_iterations: int = 1

    train: tuple[str, ...] = ("multi_modal_projector", "motion_projector", "motion_encoder.facts", "language_model")
    lora: LoraSettings | None = None
    micro_batch: int = 4
    learning_rate: float = 1e-5
    lr_scheduler_type: str = "cosine"
    warmup_ratio: float = 0.05
    weight_decay: float = 0.0
    max_grad_norm: float = 1.0
    bf16: bool = False
    gradient_checkpointing: bool = False

    save_steps: int = 50
    validation: int = 96
    validation_group: int = 4
    probes: int = 4
    trackio: str = ""

    def __post_init__(self) -> None:
        for name in POSITIVE + NOT_NEGATIVE:
            value, least = getattr(self, name), 1 if name in POSITIVE else 0
            if not math.isfinite(value) or value < least:
                raise ValueError(f"{name} must be a number from {least} up, not {value}")
        if self.temperature <= 0:
            raise ValueError(f"temperature must be above 0, not {self.temperature}")
        for name, known in (("loss_type", LOSS_TYPES), ("lr_scheduler_type", SCHEDULES)):
            if getattr(self, name) not in known:
                raise ValueError(f"{name} must be one of {', '.join(known)}, not {getattr(self, name)!r}")
        if any(not math.isfinite(share) or share < 0 for share in self.weights.values()):
            raise ValueError(f"weights must be numbers from 0 up, not {self.weights}")
        if any(not isinstance(count, int) or count < 1 for count in self.most.values()):
            raise ValueError(f"most must be whole numbers from 1 up, not {self.most}")
        if unknown := sorted(set(self.reward.weights) - set(REWARDS)):
            raise ValueError(f"weights in reward: there is no reward {unknown[0]!r}; there are {', '.join(REWARDS)}")

    @property
    def trains_tower(self) -> bool:
        return any(name.removeprefix("model.").startswith("vision_tower") for name in self.train)

    @property
    def trains_motion(self) -> bool:
        """Whether the motion encoder is trained, beyond its facts layer."""
        parts = [name.removeprefix("model.") for name in self.train]
        return any(p.startswith("motion_encoder") and not p.startswith("motion_encoder.facts") for p in parts)

    @property
    def frozen_sight(self) -> bool:
        """Whether all that sees stays as it is, so that what it makes of a clip can be kept."""
        return not self.trains_tower and not self.trains_motion

    @property
    def stores_sight(self) -> bool:
        """Whether what the frozen parts see is computed once and kept."""
        return self.cache and self.frozen_sight

    @property
    def perturbs(self) -> bool:
        """Whether twins are written about: without a bonus there is nothing to gain from them."""
        return self.twins > 0 and self.reward.bonus > 0

    def total_steps(self, samples: int) -> int:
        if not self.num_train_epochs:
            return self.max_steps
        return math.ceil(self.num_train_epochs * samples / self.videos_per_step)

    def micro_batches(self, processes: int) -> int:
        """Policy passes of a process in one update. Raises ValueError when the videos cannot be shared out."""
        if self.videos_per_step % (processes * self.micro_batch):
            raise ValueError(
                f"videos_per_step ({self.videos_per_step}) must be a multiple of processes ({processes}) x micro_batch "
                f"({self.micro_batch})"
            )
        return self.videos_per_step // (processes * self.micro_batch)

    def to_dict(self) -> dict:
        """All settings as JSON gives them back."""
        return json.loads(json.dumps(asdict(self)))

    def to_yaml(self) -> str:
        """A file that `load_grpo_settings` reads back."""
        return yaml.safe_dump(self.to_dict(), sort_keys=False)

    def without(self, reward: str) -> GrpoSettings:
        """The same run with one reward, or the temporal bonus, removed. Raises ValueError for a name that is none."""
        return replace(self, reward=without(self.reward, reward))


def load_grpo_settings(path: str | Path) -> GrpoSettings:
    """Read a YAML file such as training/configs/tiny_grpo.yaml; a missing key keeps its default, and names of the
    release before are read (vqathinker/renamed.py).

    Raises ValueError that names the file and an unknown key, or the value that is out of range.
    """
    try:
        values = renamed(read_yaml(path), SETTINGS)
    except ValueError as error:
        raise ValueError(str(error) if str(path) in str(error) else f"{path}: {error}") from error
    for name, cls in (("reward", RewardSpec), ("lora", LoraSettings)):
        if values.get(name) is not None:
            values[name] = build(cls, values[name], f"{path}, section {name}")
    _check_types(values, path)
    try:
        return build(GrpoSettings, values, str(path))
    except (ValueError, TypeError) as error:
        raise ValueError(str(error) if str(path) in str(error) else f"{path}: {error}") from error


def present_settings(noted: dict) -> dict:
    """Settings that a state of a run was saved with (`to_dict`), under the present names, with what was not there yet
    at the release before."""
    settings = renamed(noted, SETTINGS)
    return settings | {"reward": {"weights": {}, **settings.get("reward", {})}}


def _check_types(values: dict, path: str | Path) -> None:
    """YAML reads 1e-5 as a text, and a list may be given where one name is meant."""
    kinds = {item.name: item.type for item in fields(GrpoSettings)}
    for name, value in values.items():
        kind = kinds.get(name, "")
        if kind == "float" and isinstance(value, str):
            raise ValueError(f"{path}: {name} is the text {value!r}, not a number (YAML wants 1.0e-5, not 1e-5)")
        if kind == "int" and (isinstance(value, bool) or not isinstance(value, int)):
            raise ValueError(f"{path}: {name} must be a whole number, not {value!r}")
        if name == "train" and not isinstance(value, list):
            raise ValueError(f"{path}: train must be a list of parts of the model, not {value!r}")
