"""What a rating is: plain frozen values that turn into JSON."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from ..errors import ModelError
from ..rewards import parse_answer, preference_probability
from .defects import Defect

NORMAL_90 = 1.645
"""Standard deviations of a normal error on either side of 90 %."""


@dataclass(frozen=True)
class Frame:
    """One sampled frame: its index in the file and its time in seconds."""

    index: int
    time_s: float


@dataclass(frozen=True)
class Rollout:
    """One sampled answer; `score` is None where the text holds no readable answer."""

    text: str

    @property
    def score(self) -> float | None:
        value = parse_answer(self.text)
        return None if value is None else min(max(value, 1.0), 5.0)


@dataclass(frozen=True)
class Timings:
    """Seconds: decoding, encoding (frames to prefilled prompt), from decoded to the first token, everything."""

    decode_s: float
    encode_s: float
    first_token_s: float
    total_s: float


@dataclass(frozen=True)
class Novelty:
    """How far a video is from all that the model learned from: `distance` in multiples of a limit, above which it
    counts as unlike. Measured of that limit, 0 to 1: of held-out files the share that is called so by mistake, and of
    odd ones (test cards, noise, charts, screens, drawings) the share that is."""

    distance: float
    false_alarm_rate: float
    detection_rate: float

    @property
    def unlike(self) -> bool:
        return self.distance > 1

    def to_dict(self) -> dict:
        rounded = {name: round(value, 3) for name, value in asdict(self).items()}
        return {"unlike": self.unlike} | rounded


@dataclass(frozen=True)
class Rating:
    """The model's answer about one video.

    `text` is what it wrote, with `score` as its number: the answer of least risk under the model's own distribution,
    whose mean is `expected`. `greedy` is the number that it wrote first, digit by digit, as in the paper. All are in
    [1, 5] and deterministic for a file, a model and a precision. `deviation` is the standard deviation of the score's
    error, where the checkpoint was calibrated. `notes` say what was done to the file before it was looked at, or what
    is unusual about it. `novelty` is None for a checkpoint that cannot tell.
    """

    file: str
    score: float
    expected: float
    text: str
    reasoning: str
    defects: tuple[Defect, ...]
    frames: tuple[Frame, ...]
    rollouts: tuple[Rollout, ...]
    model: str
    precision: str
    timings: Timings
    greedy: float | None = None
    deviation: float | None = None
    notes: tuple[str, ...] = ()
    novelty: Novelty | None = None

    @property
    def interval(self) -> tuple[float, float] | None:
        return interval_around(self.score, self.deviation)

    @property
    def rollout_scores(self) -> list[float]:
        return [rollout.score for rollout in self.rollouts if rollout.score is not None]

    @property
    def spread(self) -> float | None:
        """Unbiased standard deviation of the readable rollouts' scores, None for fewer than two."""
        scores = self.rollout_scores
        return statistics.stdev(scores) if len(scores) > 1 else None

    def to_dict(self) -> dict:
        """JSON-ready, with the keys of the documented contract."""
        return {
            "file": self.file,
            "score": round(self.score, 4),
            "expected": round(self.expected, 4),
            "greedy": None if self.greedy is None else round(self.greedy, 4),
            "interval": None if self.interval is None else [round(edge, 4) for edge in self.interval],
            "reasoning": self.reasoning,
            "text": self.text,
            "defects": [asdict(defect) for defect in self.defects],
            "frames": [{"index": frame.index, "time_s": round(frame.time_s, 3)} for frame in self.frames],
            "rollouts": [{"score": rollout.score, "text": rollout.text} for rollout in self.rollouts],
            "spread": None if self.spread is None else round(self.spread, 4),
            "model": self.model,
            "precision": self.precision,
            "timings": {name: round(seconds, 3) for name, seconds in asdict(self.timings).items()},
            "notes": list(self.notes),
            "novelty": None if self.novelty is None else self.novelty.to_dict(),
        }


@dataclass(frozen=True)
class Comparison:
    """Two ratings with rollouts, and which video they prefer."""

    first: Rating
    second: Rating

    @property
    def probability_first_better(self) -> float:
        """Probability that people prefer the first, from both scores and the calibrated deviations of their errors; for
        a checkpoint without calibration `rollout_preference`."""
        first, second = self.first, self.second
        if first.deviation is None or second.deviation is None:
            return self.rollout_preference
        return float(preference_probability(first.score, first.deviation**2, second.score, second.deviation**2))

    @property
    def rollout_preference(self) -> float:
        """`first_better` of the readable rollouts: how decided the model is, not how right. Raises ModelError when a
        video has fewer than two of them."""
        for rating in (self.first, self.second):
            if len(rating.rollout_scores) < 2:
                raise ModelError(f"the model gave fewer than two readable answers about {rating.file}")
        return first_better(self.first.rollout_scores, self.second.rollout_scores)

    def to_dict(self) -> dict:
        return {
            "probability_first_better": round(self.probability_first_better, 4),
            "first": self.first.to_dict(),
            "second": self.second.to_dict(),
        }


@dataclass(frozen=True)
class ModelComparison:
    """What two models say of one file. Each has a scale of its own: a difference tells that they disagree, not which of
    them is right."""

    first: Rating
    second: Rating

    @property
    def difference(self) -> float:
        """By how much the second model's score is above the first's."""
        return self.second.score - self.first.score

    def to_dict(self) -> dict:
        told = {"file": self.first.file, "difference": round(self.difference, 4)}
        return told | {"first": self.first.to_dict(), "second": self.second.to_dict()}


def first_better(first: Sequence[float], second: Sequence[float]) -> float:
    """Probability that the video with the scores `first` is better: the formula of the ranking reward, which takes a
    single answer in the place of mean_a.

    Phi((mean_a - mean_b) / sqrt(var_a + var_b + 1e-6)) of at least two scores each, variances unbiased.

    >>> round(first_better([4.0, 3.0], [3.0, 2.0]), 4)
    0.8413
    """
    moments = [f(scores) for scores in (first, second) for f in (statistics.fmean, statistics.variance)]
    return float(preference_probability(*moments))


def interval_around(score: float, deviation: float | None) -> tuple[float, float] | None:
    """Holds the MOS of 90 % of unseen contents; None for a checkpoint without calibration."""
    if deviation is None:
        return None
    return max(1.0, score - NORMAL_90 * deviation), min(5.0, score + NORMAL_90 * deviation)
