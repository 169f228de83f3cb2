"""Settings of a GRPO run: one YAML file, one frozen dataclass."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, field, replace
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import Field

from vqathinker.checked import checked
from vqathinker.renamed import OLD_SETTINGS, renamed
from vqathinker.rewards import REWARDS, RewardSpec
from vqathinker.rewards.loss import LossType
from vqathinker.rewards.registry import without

from ..common.settings import Amount, Count, Whole, build_settings, read_yaml
from ..policy.lora import LoraSettings


@checked()
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
    max_steps: Whole = 200
    num_train_epochs: Amount = 0.0
    videos_per_step: Count = 8
    weights: dict[str, Amount] = field(default_factory=dict)
    most: dict[str, Count] = field(default_factory=dict)
    siblings: Count = 1
    cache: bool = True

    num_generations: Count = 8
    temperature: Annotated[float, Field(gt=0)] = 1.0
    max_completion_length: Count = 160
    twins: Whole = 2
    twin_seed: int = 0
    rollout_batch: Count = 16

    reward: RewardSpec = field(default_factory=RewardSpec)
    scale_rewards: bool = True
    loss_type: LossType = "grpo"
    beta: Amount = 0.04
    epsilon: Amount = 0.2
    epsilon_high: Amount | None = None
    num_iterations: Count = 1

    train: tuple[str, ...] = ("multi_modal_projector", "motion_projector", "motion_encoder.facts", "language_model")
    lora: LoraSettings | None = None
    micro_batch: Count = 4
    learning_rate: Amount = 1e-5
    lr_scheduler_type: Literal["cosine", "constant"] = "cosine"
    warmup_ratio: Amount = 0.05
    weight_decay: Amount = 0.0
    max_grad_norm: Amount = 1.0
    bf16: bool = False
    gradient_checkpointing: bool = False

    save_steps: Count = 50
    validation: Whole = 96
    validation_group: Count = 4
    probes: Whole = 4
    trackio: str = ""

    def __post_init__(self) -> None:
        if unknown := sorted(set(self.reward.weights) - set(REWARDS)):
            raise ValueError(f"weights in reward: there is no reward {unknown[0]!r}; there are {', '.join(REWARDS)}")

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
    values = read_yaml(path)
    try:
        values = renamed(values, OLD_SETTINGS)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    for name, cls in (("reward", RewardSpec), ("lora", LoraSettings)):
        if values.get(name) is not None:
            values[name] = build_settings(cls, values[name], f"{path}, section {name}")
    return build_settings(GrpoSettings, values, str(path))


def present_settings(noted: dict) -> dict:
    """Settings that a state of a run was saved with (`to_dict`), under the present names, with what was not there yet
    at the release before."""
    settings = renamed(noted, OLD_SETTINGS)
    return settings | {"reward": {"weights": {}, **settings.get("reward", {})}}
