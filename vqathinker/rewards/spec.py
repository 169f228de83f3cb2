"""What a reward is made of: every constant, and every repair of the released code, by name."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace

MAY_BE_ZERO = ("coarse_factor", "bonus", "ranking_gate", "regression_gate")
WEIGHT_FIELDS = ("format_weight", "regression_weight", "ranking_weight")


def _repair(released: str):
    return field(default=True, metadata={"released": released})


@dataclass(frozen=True)
class RewardSpec:
    """The constants of the rewards and the repairs of the released code; `RewardSpec()` has all repairs on.

    Constants (paper, section "Method"; the values of the released script):
        sigma               width of the bell of the regression reward, on the MOS scale
        coarse_factor       what an answer with fewer than `min_decimals` decimals keeps of its regression reward
        lowest, highest     ends of the MOS scale
        smoothing           added to the variances and below the square roots of the ranking reward
        bonus               temporal bonus, added to a ranking reward above `ranking_gate` and to a regression reward
                            above `regression_gate` when the ordered clip earned more than the perturbed one
        *_weight            weight of each part in the total; 0 removes it (the bonus is removed by bonus=0)
        weights             weights of further rewards of the registry by name, where they differ from the reward's own

    Repairs (True repairs, False keeps what the released code does; `RewardSpec.repairs()` tells what that is):
        count_written_decimals      count the decimals that were written: "3.50" has two
        bonus_ignores_coarseness    compare the bell with `regression_gate` before the coarse answer is punished
        unreadable_is_lowest        an unreadable answer earns 0 and stays out of its group's mean and variance
        off_scale_is_unreadable     a number below `lowest` or above `highest` is no score
        answer_needs_tags           read a number only between <answer> and </answer>
        allow_outer_whitespace      white space around the whole answer does not spoil its format
        refuse_repeated_tags        doubled and nested tags spoil the format
        gate_per_video              decide the temporal bonus for each video's group
        gate_needs_gain             a tie between ordered and perturbed clip earns no bonus
        define_small_groups         one rollout has variance 0; where nothing can be compared, the ranking reward is 0

    Raises ValueError for a constant out of range. The remaining accident of the released code, that the ranking sees
    only the videos of one process, is the caller's to repair: pass the groups of all processes to `score_groups`.

    >>> RewardSpec().count_written_decimals, RewardSpec.official().count_written_decimals
    (True, False)
    >>> RewardSpec(sigma=0)
    Traceback (most recent call last):
    ValueError: RewardSpec.sigma must be a positive number, not 0.
    """

    sigma: float = 0.5
    coarse_factor: float = 0.8
    min_decimals: int = 2
    lowest: float = 1.0
    highest: float = 5.0
    smoothing: float = 1e-6
    bonus: float = 0.3
    ranking_gate: float = 0.5
    regression_gate: float = 0.9
    format_weight: float = 1.0
    regression_weight: float = 1.0
    ranking_weight: float = 1.0
    weights: Mapping[str, float] = field(default_factory=dict, hash=False)

    count_written_decimals: bool = _repair("casts the text to a float first, so 3.50 and 4.00 are punished as coarse")
    bonus_ignores_coarseness: bool = _repair("by its constants a coarse answer keeps too little to ever earn the bonus")
    unreadable_is_lowest: bool = _repair("scores an unreadable answer at random from 1 to 5, anew for each reward")
    off_scale_is_unreadable: bool = _repair("takes any number: one answer of 3110 spoils the variance of its group")
    answer_needs_tags: bool = _repair("without tags the first number of the text counts: Frame1 is a score of 1")
    allow_outer_whitespace: bool = _repair("white space before or after the answer spoils its format")
    refuse_repeated_tags: bool = _repair("doubled or nested tags pass as well-formed")
    gate_per_video: bool = _repair("one comparison of means over the whole batch decides the bonus of every video")
    gate_needs_gain: bool = _repair("a tie between the ordered and the perturbed clip earns the bonus")
    define_small_groups: bool = _repair("one video divides by zero; one rollout makes every preference a coin toss")

    def __post_init__(self) -> None:
        for name in ("sigma", "smoothing", *MAY_BE_ZERO, *WEIGHT_FIELDS):
            value, zero_is_fine = getattr(self, name), name in MAY_BE_ZERO + WEIGHT_FIELDS
            if not math.isfinite(value) or value < 0 or (value == 0 and not zero_is_fine):
                wanted = "a number from 0 up" if zero_is_fine else "a positive number"
                raise ValueError(f"RewardSpec.{name} must be {wanted}, not {value}.")
        for name, value in self.weights.items():
            if isinstance(value, str) or not math.isfinite(value) or value < 0:
                raise ValueError(f"RewardSpec.weights: {name} must be a number from 0 up, not {value!r}.")
            if f"{name}_weight" in WEIGHT_FIELDS:
                raise ValueError(f"RewardSpec.weights: {name} has a field of its own, {name}_weight.")
        if not self.lowest < self.highest:
            raise ValueError(f"RewardSpec.lowest must be below highest, not {self.lowest} and {self.highest}.")
        if self.coarse_factor > 1:
            raise ValueError(f"RewardSpec.coarse_factor must be at most 1, not {self.coarse_factor}.")

    def weight(self, name: str, default: float = 1.0) -> float:
        """The weight of a reward in the total: its own field, or what `weights` says, or `default`.

        >>> RewardSpec(weights={"length": 0.2}).weight("length"), RewardSpec(ranking_weight=2).weight("ranking")
        (0.2, 2)
        """
        return getattr(self, f"{name}_weight") if f"{name}_weight" in WEIGHT_FIELDS else self.weights.get(name, default)

    def with_weight(self, name: str, weight: float) -> RewardSpec:
        """The same spec with another weight of one reward.

        >>> RewardSpec().with_weight("format", 0.5).format_weight, RewardSpec().with_weight("length", 2).weights
        (0.5, {'length': 2})
        """
        if f"{name}_weight" in WEIGHT_FIELDS:
            return replace(self, **{f"{name}_weight": weight})
        return replace(self, weights={**self.weights, name: weight})

    def with_bonus(self, bonus: float) -> RewardSpec:
        """The same spec with another temporal bonus."""
        return replace(self, bonus=bonus)

    @classmethod
    def repairs(cls) -> dict[str, str]:
        """The name of every repair, with what the released code does instead (a part of a sentence).

        >>> RewardSpec.repairs()["refuse_repeated_tags"]
        'doubled or nested tags pass as well-formed'
        """
        return {f.name: f.metadata["released"] for f in fields(cls) if "released" in f.metadata}

    @classmethod
    def official(cls, **constants: float) -> RewardSpec:
        """The released code, accidents included: every repair off. `constants` may change the constants.

        Source: github.com/clh124/VQAThinker at ee47a40, open_r1/grpo_jsonl.py and trainer/grpo_trainer.py. Equal to
        it within 1e-6 (regression) and 1e-5 (ranking). Where that code is random, the draw comes from the generator
        given to `score_groups`; where it divides by zero (one video), a ValueError says so.

        >>> RewardSpec.official().sigma, any(getattr(RewardSpec.official(), name) for name in RewardSpec.repairs())
        (0.5, False)
        """
        return cls(**dict.fromkeys(cls.repairs(), False), **constants)


DEFAULT_SPEC = RewardSpec()
